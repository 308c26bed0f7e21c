// Package session follows connections: it gives their bytes to the TLS state machine
// (package handshake), keeps what the hellos and the certificate say until the
// handshake is decided, and makes an observation of it. Package sensor judges and
// delivers the findings.
package session
