package sensor

import "slices"

// dispatch sends the batch to the shards that have work in it, and takes
// another. It delivers what is done, and waits when too much is not.
func (w *Workers) dispatch() {
	b := w.filling
	w.flying = append(w.flying, b)
	w.send(b)
	for len(w.flying) >= batchesInFlight || len(w.flying) > 0 && len(w.flying[0].done) > 0 {
		w.deliver()
	}
	if n := len(w.unused); n > 0 {
		w.filling, w.unused = w.unused[n-1], w.unused[:n-1]
	} else {
		w.filling = newBatch(len(w.shards))
	}
}

func (w *Workers) send(b *batch) {
	work := int32(0)
	for _, turn := range b.turns {
		if len(turn) > 0 {
			work++
		}
	}
	if b.left.Store(work); work == 0 {
		b.done <- struct{}{}
		return
	}
	for i, turn := range b.turns {
		if len(turn) > 0 {
			w.shards[i].batches <- b
		}
	}
}

// drain sends what there is, and waits until all of it is delivered.
func (w *Workers) drain() {
	if len(w.filling.items) > 0 {
		w.dispatch()
	}
	for len(w.flying) > 0 {
		w.deliver()
	}
}

// deliver waits for the oldest batch, and delivers what was found in it.
func (w *Workers) deliver() {
	w.delivering = true
	b := w.flying[0]
	for waiting := true; waiting; {
		<-b.done
		last := b.last()
		b.take(last)
		for !w.conclude(b, last) {
		}
		waiting = w.resume(b)
	}
	w.flying = append(w.flying[:0], w.flying[1:]...)
	for _, f := range slices.Concat(b.faults...) {
		w.faults.note(&w.options, f)
	}
	w.spare = append(w.spare, b.buffers...)
	b.reset()
	w.unused = append(w.unused, b)
	w.delivering = false
}

// conclude learns from the messages of a batch up to an item, and concludes what
// is due, up to the next fault. It reports whether there was none.
func (w *Workers) conclude(b *batch, last int32) (done bool) {
	defer func() {
		if value := recover(); value != nil {
			w.faults.note(&w.options, newFault(value))
		}
	}()
	for b.judged < len(b.due) {
		f := &b.due[b.judged]
		w.learn(b, f.at)
		b.judged++
		if !w.judged(f, b.items[f.at].now) {
			b.blanks[f.shard] = append(b.blanks[f.shard], f.made)
		}
	}
	w.learn(b, last)
	return true
}

// learn learns from the messages of a batch before an item.
func (w *Workers) learn(b *batch, before int32) {
	for b.learnt < len(b.messages) && b.messages[b.learnt] < before {
		it := &b.items[b.messages[b.learnt]]
		b.learnt++
		w.judge.datagram(&it.packet)
	}
}

// judged is Sensor.judge for what a shard has found at a time, by the clock. It
// reports whether the finding was delivered.
func (w *Workers) judged(f *found, now int64) bool {
	w.judge.lookup(&f.Finding, f.opened, f.networks)
	w.options.Policy.Judge(&f.Finding)
	w.judge.noteUnnamed(&f.Finding)
	wanted := w.options.Emit(&f.Finding) && w.tunnels.bound.allows(&w.options, &f.Finding, now)
	if wanted || f.Flagged {
		w.options.Policy.Explain(&f.Finding)
	}
	w.judge.count(&f.Finding)
	if wanted {
		w.options.Deliver(&f.Finding)
	}
	return wanted
}

// resume lets those shards go on that waited with a batch and have nothing in it
// that is not judged. It reports whether there are any.
func (w *Workers) resume(b *batch) bool {
	var ready []*shard
	for i, s := range w.shards {
		if b.waits[i] && len(b.found[i]) == 0 {
			b.waits[i] = false
			ready = append(ready, s)
		}
	}
	b.left.Store(int32(len(ready)))
	for _, s := range ready {
		s.resume <- struct{}{}
	}
	return len(ready) > 0
}
