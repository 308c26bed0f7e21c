package sink

import (
	"encoding/binary"
	"errors"

	"tlsfloor/cmd/internal/emit/spool"
	"tlsfloor/cmd/internal/emit/transport"
)

// shouldSpill reports whether lines in memory have to move to the spool.
func (b *backlog) shouldSpill() bool {
	return b.spool != nil && len(b.batches) > 0 && (b.bytes > b.limit/2 || b.away || b.ending)
}

// spill moves lines from memory to the spool, as many batches as fit, and returns how
// many lines it moved. Lines may be added and committed meanwhile.
func (b *backlog) spill() (int, error) {
	batches, skip := b.beginSpill()
	moved, lines, err := b.move(batches, skip)
	return lines, b.endSpill(moved, err)
}

func (b *backlog) beginSpill() (batches []*transport.Batch, skip int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.shouldSpill() {
		return nil, 0
	}
	b.spilling, b.open = true, false
	if b.taken == b.batches[0] {
		skip = b.committed
	}
	return append(batches, b.batches...), skip
}

// move appends batches to the spool, without the first skip lines, which are
// committed.
func (b *backlog) move(batches []*transport.Batch, skip int) (moved, lines int, err error) {
	var encoded []byte
	for _, batch := range batches {
		encoded = appendItems(encoded[:0], batch, skip)
		if err := b.spool.Append(encoded, batch.Len()-skip); err != nil {
			return moved, lines, err
		}
		lines += batch.Len() - skip
		moved, skip = moved+1, 0
	}
	return moved, lines, nil
}

// endSpill removes the moved batches from memory. Lines of these that were committed
// meanwhile are committed in the spool first. That may take several rounds, since it
// must not hold the lock: adding an event never waits for the disk.
func (b *backlog) endSpill(moved int, failed error) error {
	for {
		owed := b.tryEndSpill(moved, failed != nil)
		if owed == 0 {
			return failed
		}
		_ = b.spool.Commit(owed) // at worst these lines are sent twice
	}
}

// tryEndSpill ends the spill and returns 0, or returns how many lines have to be
// committed in the spool before it can end.
func (b *backlog) tryEndSpill(moved int, failed bool) (owed int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.spilling {
		return 0
	}
	taken := len(b.batches) > 0 && b.taken == b.batches[0]
	switch {
	case taken && moved > 0 && b.lateCommits > 0:
		owed, b.lateCommits = b.lateCommits, 0
		return owed
	case taken && moved > 0:
		b.fromSpool = true
	case taken && b.committed == b.taken.Len():
		b.forget(1)
		b.taken = nil
	}
	b.lateCommits = 0
	b.forget(moved)
	b.spilling, b.full = false, failed
	b.changed.Broadcast()
	signal(b.ready)
	return 0
}

// itemHeader is what stands before the line in an item of the spool, in bytes: the
// event's time (64 bits, big-endian), kind and severity (8 bits each).
const itemHeader = 8 + 1 + 1

var errItem = errors.New("an item of the spool is too short")

// appendItems appends the lines of b from i on, as items of the spool.
func appendItems(dst []byte, b *transport.Batch, i int) []byte {
	for ; i < b.Len(); i++ {
		m := b.Mark(i)
		var head [itemHeader]byte
		binary.BigEndian.PutUint64(head[:], uint64(m.Time))
		head[8], head[9] = byte(m.Kind), byte(m.Severity)
		dst = spool.AppendItem(dst, head[:], b.Line(i))
	}
	return dst
}

// addItem adds the line in an item to b.
func addItem(b *transport.Batch, item []byte) error {
	if len(item) <= itemHeader {
		return errItem
	}
	b.Add(append(b.Text(), item[itemHeader:]...), transport.Mark{
		Time: int64(binary.BigEndian.Uint64(item)), Kind: transport.Kind(item[8]), Severity: transport.Severity(item[9] & 7),
	})
	return nil
}
