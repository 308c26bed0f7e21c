package attribute

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"net/netip"

	"tlsfloor/classify"
)

// query asks who has a connection. It is of one size, so that a sensor that was
// taken over by what it read has little to work with.
type query struct {
	id   uint64
	ends connection
}

// connection is a TCP connection.
type connection struct{ client, server netip.AddrPort }

// querySize is that of a query on the wire, in bytes: an id and two ends of an
// IPv6 address (or an IPv4-mapped one) and a port.
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

// maxAnswer bounds an answer, in bytes: a command line of 8 KiB whose every
// byte JSON escapes, with paths.
const maxAnswer = 160 << 10

// answer is the finder's. The first one has id 0, and says how it started.
type answer struct {
	ID      uint64            `json:"id"`
	Process *classify.Process `json:"process,omitempty"` // nil: not found
	Limits  []string          `json:"limits,omitempty"`  // what it cannot see, new since the last answer
	Failure string            `json:"failure,omitempty"` // why it cannot work at all
}

func (a *answer) encode() ([]byte, error) {
	b, err := json.Marshal(a)
	if err != nil || len(b) <= maxAnswer {
		return b, err
	}
	return json.Marshal(&answer{ID: a.ID})
}

func readAnswer(b []byte) (a answer, err error) {
	err = json.NewDecoder(bytes.NewReader(b)).Decode(&a)
	return a, err
}
