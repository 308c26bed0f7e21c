package attribute

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"

	"tlsfloor/classify"
	"tlsfloor/cmd/internal/connections"
)

// query asks for the process of a connection. All queries have the same size, which
// leaves little to a sensor that an attacker controls.
type query struct {
	id   uint64
	ends connection
}

// connection is a connection of TCP, or a conversation of UDP.
type connection = connections.Pair

// querySize is the size of a query, in bytes: an id, and a connection.
const querySize = 8 + connections.Size

func (q query) append(dst []byte) []byte {
	return q.ends.Append(binary.BigEndian.AppendUint64(dst, q.id))
}

var errQuery = errors.New("not a query")

func readQuery(b []byte) (query, error) {
	if len(b) != querySize {
		return query{}, errQuery
	}
	return query{
		id:   binary.BigEndian.Uint64(b),
		ends: connections.Read(b[8:]),
	}, nil
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
