// Package session follows connections: it gives their bytes to the state machine of
// TLS, keeps what both ends say until the handshake is decided, and makes an
// observation of it. It knows packets, flows and names in hellos; what a finding is
// judged to be, and where it goes, is the sensor's.
package session
