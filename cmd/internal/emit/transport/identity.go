package transport

import (
	"crypto/sha256"
	"encoding/base64"
)

// identityBytes is how much of the hash an identity holds: 120 bits, for which
// base64 needs no padding.
const identityBytes = 15

// AppendIdentity appends an identity of the event: 20 letters, digits, "-" and
// "_", from a hash of its line. An event that is sent twice has the same one,
// also when the capture is read again.
func AppendIdentity(dst, line []byte) []byte {
	sum := sha256.Sum256(line)
	return base64.RawURLEncoding.AppendEncode(dst, sum[:identityBytes])
}
