package sensor

import "slices"

// dispatch sends the filled batch to the shards that have work in it, and gets an empty
// one to fill. It delivers batches that are done. If too many are in flight, it waits.
func (w *Workers) dispatch() {
	b := w.filling
	w.inFlight = append(w.inFlight, b)
	w.send(b)
	for len(w.inFlight) >= batchesInFlight || len(w.inFlight) > 0 && len(w.inFlight[0].done) > 0 {
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
	for _, turn := range b.shardItems {
		if len(turn) > 0 {
			work++
		}
	}
	if b.working.Store(work); work == 0 {
		b.done <- struct{}{}
		return
	}
	for i, turn := range b.shardItems {
		if len(turn) > 0 {
			w.shards[i].batches <- b
		}
	}
}

// drain sends the batch that is being filled, and waits until all batches are
// delivered.
func (w *Workers) drain() {
	if len(w.filling.items) > 0 {
		w.dispatch()
	}
	for len(w.inFlight) > 0 {
		w.deliver()
	}
}

// deliver waits for the oldest batch, and judges and delivers its findings.
func (w *Workers) deliver() {
	w.delivering = true
	b := w.inFlight[0]
	for waiting := true; waiting; {
		<-b.done
		last := b.last()
		b.collectDue(last)
		for !w.judgeDue(b, last) {
		}
		waiting = w.resume(b)
	}
	w.inFlight = append(w.inFlight[:0], w.inFlight[1:]...)
	for _, f := range slices.Concat(b.faults...) {
		w.faults.add(&w.options, f)
	}
	w.freeBuffers = append(w.freeBuffers, b.buffers...)
	b.reset()
	w.unused = append(w.unused, b)
	w.delivering = false
}

// judgeDue reads the DNS messages of a batch up to an item, and judges the findings
// that are due, until all is done or there is a fault. done: there was no fault.
func (w *Workers) judgeDue(b *batch, last int32) (done bool) {
	defer func() {
		if value := recover(); value != nil {
			w.faults.add(&w.options, newFault(value))
			if w.options.Keep != nil {
				w.options.Keep.Clear()
			}
		}
	}()
	for b.dueJudged < len(b.due) {
		f := &b.due[b.dueJudged]
		w.learn(b, f.at)
		w.keep(b, f.at)
		b.dueJudged++
		if !w.judgePending(f, b.items[f.at].now) {
			b.freeMemory[f.shard] = append(b.freeMemory[f.shard], f.findingMemory)
		}
	}
	w.learn(b, last)
	w.keep(b, last)
	return true
}

// learn reads the DNS messages of a batch before an item.
func (w *Workers) learn(b *batch, before int32) {
	for b.messagesRead < len(b.messages) && b.messages[b.messagesRead] < before {
		it := &b.items[b.messages[b.messagesRead]]
		b.messagesRead++
		if it.kind == messageItem {
			w.judge.learnDatagram(&it.packet)
		}
	}
}

// judgePending is Sensor.judge for a finding of a shard. now is the time of the clock
// that all shards share. It reports whether the finding was delivered.
func (w *Workers) judgePending(f *pending, now int64) bool {
	w.judged = now
	w.judge.lookup(&f.Finding, f.opened, f.networks)
	w.options.Policy.Judge(&f.Finding)
	w.judge.countUnnamed(&f.Finding)
	described := f.Flagged
	if described {
		w.options.Policy.Explain(&f.Finding)
		w.options.except(&f.Finding)
	}
	wanted, kept := w.options.wants(&f.Finding, &w.tunnels.allowances, now)
	if wanted && !described {
		w.options.Policy.Explain(&f.Finding)
	}
	w.judge.count(&f.Finding)
	if kept {
		w.options.Keep.Flag(&f.Finding)
	}
	if wanted {
		w.options.Deliver(&f.Finding)
	} else {
		w.options.withhold(&f.Finding)
	}
	return wanted
}

// resume wakes the shards that wait in a batch and whose findings are all judged. It
// reports whether there are any.
func (w *Workers) resume(b *batch) bool {
	var ready []*shard
	for i, s := range w.shards {
		if b.waits[i] && len(b.pending[i]) == 0 {
			b.waits[i] = false
			ready = append(ready, s)
		}
	}
	b.working.Store(int32(len(ready)))
	for _, s := range ready {
		s.resume <- struct{}{}
	}
	return len(ready) > 0
}
