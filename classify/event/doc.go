// Package event writes findings as native events, a line of JSON each, and reads them
// back.
//
// Native events are tlsfloor's own (docs/event.schema.json). Package foreign writes events
// in the schemas of others, and package lines what is not JSON. An encoder appends to a
// buffer, and package jsontext makes the text printable ASCII. A member that is absent is
// unknown: no text or list is empty (but "blind" and "versions"), and nothing is null.
package event
