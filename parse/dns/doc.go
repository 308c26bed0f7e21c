// Package dns reads the parts of DNS responses that give names to addresses: the
// question, and in the answer section A, AAAA, CNAME, and the address hints of
// SVCB and HTTPS records. Authority and additional sections are not read.
//
// A Message is a view into the caller's bytes. Nothing is allocated, and all lengths
// in the message are checked: names are bounded, compression pointers only lead
// backwards and their number is bounded, and the work is linear in the length of the
// message.
package dns
