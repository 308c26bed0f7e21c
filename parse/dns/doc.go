// Package dns reads DNS responses as far as they give names to addresses: the
// question, and in the answer section A, AAAA, CNAME, and the address hints of
// SVCB and HTTPS records. Authority and additional sections are not looked at.
//
// A Message is a view into the caller's bytes. Nothing is allocated and no
// length in the message is believed: names are bounded, compression pointers
// only lead backwards and only so often, and the work is linear in the length
// of the message.
package dns
