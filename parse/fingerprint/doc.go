// Package fingerprint computes JA3 and JA3S with github.com/dreadl0ck/ja3, and JA4
// after FoxIO's specification. It remembers them, because real traffic has few
// different ones.
//
// JA4, the TLS client fingerprint, is under the BSD 3-Clause licence. The other
// members of FoxIO's JA4+ are not, and are not implemented here.
package fingerprint
