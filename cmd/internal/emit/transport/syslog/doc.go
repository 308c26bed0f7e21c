// Package syslog delivers lines as syslog messages (RFC 5424): over UDP
// (RFC 5426), TCP and TLS, as lines or with octet counting (RFC 6587, 3.4; RFC 5425).
package syslog
