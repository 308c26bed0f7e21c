package attribute

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"net/netip"

	"tlsfloor/classify"
)

// query asks for the process of a connection. All queries have the same size, which
// leaves little to a sensor that an attacker controls.
type query struct {
	id   uint64
	ends connection
}

// connection is a TCP connection.
type connection struct{ client, server netip.AddrPort }

// querySize is the size of a query, in bytes: an id, and for each end an IPv6 address
// (IPv4-mapped for IPv4) and a port.
const querySize = 8 + 2*endSize

const endSize = 16 + 2

func (q query) append(dst []byte) []byte {
	dst = binary.BigEndian.AppendUint64(dst, q.id)
	return appendEnd(appendEnd(dst, q.ends.client), q.ends.server)
}

func appendEnd(dst []byte, a netip.AddrPort) []byte {
	ip := a.Addr().As16()
	return binary.BigEndian.AppendUint16(append(dst, ip[:]...), a.Port())
}

var errQuery = errors.New("not a query")

func readQuery(b []byte) (query, error) {
	if len(b) != querySize {
		return query{}, errQuery
	}
	return query{
		id:   binary.BigEndian.Uint64(b),
		ends: connection{readEnd(b[8:]), readEnd(b[8+endSize:])},
	}, nil
}

func readEnd(b []byte) netip.AddrPort {
	ip := netip.AddrFrom16([16]byte(b[:16])).Unmap()
	return netip.AddrPortFrom(ip, binary.BigEndian.Uint16(b[16:]))
}

// maxReply bounds a reply, in bytes. The longest process has 23 KiB of texts, of which
// JSON may write every byte as six.
const maxReply = 160 << 10

// reply is what the finder sends. The first one has id 0, and says whether it works.
type reply struct {
	ID      uint64            `json:"id"`
	Process *classify.Process `json:"process,omitempty"` // nil: not found
	Limits  []string          `json:"limits,omitempty"`  // what the finder cannot see, new since the last reply
	Failure string            `json:"failure,omitempty"` // why the finder cannot work at all
}

func (a *reply) encode() ([]byte, error) {
	b, err := json.Marshal(a)
	if err != nil || len(b) <= maxReply {
		return b, err
	}
	return json.Marshal(&reply{ID: a.ID})
}

func readReply(b []byte) (a reply, err error) {
	err = json.NewDecoder(bytes.NewReader(b)).Decode(&a)
	return a, err
}
