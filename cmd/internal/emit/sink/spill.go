package sink

import "tlsfloor/cmd/internal/emit/transport"

// crowded reports whether memory is to be moved to the spool.
func (b *backlog) crowded() bool {
	return b.spool != nil && len(b.batches) > 0 && (b.bytes > b.limit/2 || b.away || b.over)
}

// spill moves what is in memory to the spool, as far as it fits, and returns
// how many lines that were. Lines may be added and committed meanwhile.
func (b *backlog) spill() (int, error) {
	batches, skip := b.beginSpill()
	moved, lines, err := b.move(batches, skip)
	return lines, b.endSpill(moved, err)
}

func (b *backlog) beginSpill() (batches []*transport.Batch, skip int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.crowded() {
		return nil, 0
	}
	b.spilling, b.open = true, false
	if b.taken == b.batches[0] {
		skip = b.committed
	}
	return append(batches, b.batches...), skip
}

// move appends batches to the spool, but for the lines at the front of the
// first that are committed.
func (b *backlog) move(batches []*transport.Batch, skip int) (moved, lines int, err error) {
	var frames []byte
	for _, batch := range batches {
		frames = appendRecords(frames[:0], batch, skip)
		if err := b.spool.Append(frames, batch.Len()-skip); err != nil {
			return moved, lines, err
		}
		lines += batch.Len() - skip
		moved, skip = moved+1, 0
	}
	return moved, lines, nil
}

// endSpill takes the moved batches out of memory, and commits where they are
// now what was committed meanwhile.
func (b *backlog) endSpill(moved int, failed error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.spilling {
		return failed
	}
	taken := len(b.batches) > 0 && b.taken == b.batches[0]
	if taken && moved > 0 {
		b.payOwed()
		b.fromSpool = true
	}
	if taken && moved == 0 && b.committed == b.taken.Len() {
		b.forget(1)
		b.taken = nil
	}
	b.owed = 0
	b.forget(moved)
	b.spilling, b.full = false, failed != nil
	b.changed.Broadcast()
	signal(b.ready)
	return failed
}

// payOwed commits in the spool, without the lock, until no more is owed.
func (b *backlog) payOwed() {
	for b.owed > 0 {
		n := b.owed
		b.owed = 0
		b.mu.Unlock()
		_ = b.spool.Commit(n) // at worst, these lines are sent twice
		b.mu.Lock()
	}
}
