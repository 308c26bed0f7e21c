// Package upgrade describes what one message of another protocol means for the
// start of TLS in its connection.
//
// The packages below it read such messages: text those of text protocols, binary
// those of binary ones. Package starttls follows connections with them.
package upgrade
