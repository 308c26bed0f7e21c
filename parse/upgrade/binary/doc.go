// Package binary reads the messages of binary protocols that upgrade to TLS (LDAP,
// PostgreSQL, MySQL, RDP, AMQP, NBD, VNC, Telnet), or carry TLS inside their own
// packets (TDS, OpenVPN).
package binary
