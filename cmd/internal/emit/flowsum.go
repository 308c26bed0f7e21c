package emit

import (
	"crypto/sha1"
	"encoding/binary"
	"encoding/hex"

	"tlsfloor/classify"
)

// flowSum identifies a handshake: who spoke to whom, and when the hello was
// seen. It is a function of the packets alone, so that a capture that is read
// again, or an event that is sent again, gets the identity it had; a store that
// keeps one event for each does not hold it twice. Nothing is secured by it.
func flowSum(o *classify.Observation) [sha1.Size]byte {
	var tuple [44]byte // two IPv6 endpoints and a time
	b := appendEndpoint(appendEndpoint(tuple[:0], o.Client), o.Server)
	return sha1.Sum(binary.BigEndian.AppendUint64(b, uint64(o.Time)))
}

// appendFlowSum writes it in hexadecimal.
func appendFlowSum(dst []byte, key string, o *classify.Observation) []byte {
	sum := flowSum(o)
	dst = append(appendKey(dst, key), '"')
	return append(hex.AppendEncode(dst, sum[:]), '"')
}
