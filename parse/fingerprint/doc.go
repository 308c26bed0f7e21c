// Package fingerprint computes JA3 and JA3S with github.com/dreadl0ck/ja3 and
// JA4 after FoxIO's specification, and remembers them: real traffic has few.
//
// JA4 (the TLS client fingerprint) is FoxIO's, under the BSD 3-Clause licence;
// the other members of JA4+ are not, and are not here.
package fingerprint
