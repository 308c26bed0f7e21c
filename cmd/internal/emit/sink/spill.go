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

// endSpill takes the moved batches out of memory. Lines of them that were
// committed meanwhile are in the spool, and are committed there first, until none
// is left: the spool is on a disk, and nobody may wait for that to add an event.
func (b *backlog) endSpill(moved int, failed error) error {
	for {
		owed := b.tryEndSpill(moved, failed != nil)
		if owed == 0 {
			return failed
		}
		_ = b.spool.Commit(owed) // at worst, these lines are sent twice
	}
}

// tryEndSpill ends the spill, unless lines are to be committed in the spool
// before: it returns how many.
func (b *backlog) tryEndSpill(moved int, failed bool) (owed int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.spilling {
		return 0
	}
	taken := len(b.batches) > 0 && b.taken == b.batches[0]
	switch {
	case taken && moved > 0 && b.owed > 0:
		owed, b.owed = b.owed, 0
		return owed
	case taken && moved > 0:
		b.fromSpool = true
	case taken && b.committed == b.taken.Len():
		b.forget(1)
		b.taken = nil
	}
	b.owed = 0
	b.forget(moved)
	b.spilling, b.full = false, failed
	b.changed.Broadcast()
	signal(b.ready)
	return 0
}
