package sink

import (
	"encoding/binary"
	"errors"

	"tlsfloor/cmd/internal/emit/spool"
	"tlsfloor/cmd/internal/emit/transport"
)

// A record of the spool is an event's time (64 bits, big-endian), kind and
// severity (8 bits each), and line.
const recordHeader = 8 + 1 + 1

var errRecord = errors.New("a record of the spool is too short")

// appendRecords frames the lines of b from i on.
func appendRecords(dst []byte, b *transport.Batch, i int) []byte {
	for ; i < b.Len(); i++ {
		m := b.Mark(i)
		var head [recordHeader]byte
		binary.BigEndian.PutUint64(head[:], uint64(m.Time))
		head[8], head[9] = byte(m.Kind), byte(m.Severity)
		dst = spool.AppendFrame(dst, head[:], b.Line(i))
	}
	return dst
}

// addRecord adds the line of a record to b.
func addRecord(b *transport.Batch, record []byte) error {
	if len(record) <= recordHeader {
		return errRecord
	}
	b.Add(append(b.Text(), record[recordHeader:]...), transport.Mark{
		Time: int64(binary.BigEndian.Uint64(record)), Kind: transport.Kind(record[8]), Severity: transport.Severity(record[9] & 7),
	})
	return nil
}
