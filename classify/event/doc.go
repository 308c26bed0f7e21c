// Package event writes findings as events, a line of JSON each, and reads native
// events back.
//
// There is an encoder for each schema: tlsfloor's own, called native
// (docs/event.schema.json), and those of others (docs/siem.md). Package lines writes what
// is not JSON. An encoder appends to a buffer, and package jsontext makes the text
// printable ASCII. A member that is absent is unknown: no text or list is empty (but
// "blind" and "versions"), and nothing is null.
package event
