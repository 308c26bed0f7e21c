// Package event writes findings as events, a line each, and reads native events back.
//
// There is an encoder for each schema of JSON: tlsfloor's own, called native
// (docs/event.schema.json), and those of others (docs/siem.md). Two more write lines for
// people and rows of CSV (docs/outputs.md). An encoder appends to a buffer, and packages
// jsontext and plaintext make the text printable ASCII. A member of JSON that is absent is
// unknown: no text or list is empty (but "blind" and "versions"), and nothing is null.
package event
