// Package parse reads the plaintext part of TLS and SSL handshakes: records,
// handshake messages, hellos, alerts.
//
// Parsed values are views into the caller's bytes; nothing is copied but the
// parts of a message that is split over records. The package is strict about
// framing (a length that runs past its container is a *ParseError) and
// lenient about the bodies of extensions (an ill-formed one sets a bit in
// Oddities). Every byte may be an attacker's: no input makes it panic, buffer
// without limit, or run longer than in proportion to its length.
package parse
