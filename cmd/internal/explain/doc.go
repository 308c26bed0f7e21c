// Package explain is the command "tlsfloor explain": it writes guides, and reads events
// back to say who has to change what.
package explain
