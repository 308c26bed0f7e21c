// Package event writes findings as events, a line of JSON each, and reads our own
// events back.
//
// There is an encoder for each schema: our own (docs/event.schema.json), and those
// that others define (docs/siem.md). An encoder appends to a buffer; where the
// lines go is no matter of this package.
//
// A line is printable ASCII, whatever the network sent, so that a terminal that
// shows it obeys nothing in it. Text off the network (names, protocols) is written
// byte for byte, each byte as the code point of its number; text of this machine
// is UTF-8 in escapes. Absent means unknown: nothing is empty, and nothing null.
package event
