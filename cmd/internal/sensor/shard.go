package sensor

// shard is one of the Workers: a Sensor without a source and a decoder. What it
// observes is named and judged elsewhere: see Workers.
type shard struct {
	*Sensor
	number  int
	batches chan *batch
	resume  chan struct{} // see wait
	batch   *batch        // the one at hand
	at      int32         // the item at hand
	turn    []int32       // items that are left
	made    *made         // the Sensor's draft is in it
	blanks  []*made       // for the next ones
}

func newShard(number int, o Options, n *failure) *shard {
	s := &shard{number: number, batches: make(chan *batch, batchesInFlight), resume: make(chan struct{}, 1)}
	s.Sensor = newWith(n.guard(o), n)
	s.shard = true
	s.sessions.Judge, s.fault = s.found, s.keep
	s.nextDraft()
	return s
}

// run takes batches until there are no more.
func (s *shard) run() {
	for b := range s.batches {
		s.batch, s.turn = b, b.turns[s.number]
		s.reclaim()
		for !s.stretch() {
		}
		b.leave()
	}
}

// stretch takes the items of its turn up to the next fault, and reports whether
// there was none.
func (s *shard) stretch() (done bool) {
	defer func() {
		if value := recover(); value != nil {
			s.mend(newFault(value))
		}
	}()
	for len(s.turn) > 0 {
		s.at, s.turn = s.turn[0], s.turn[1:]
		s.take(&s.batch.items[s.at])
	}
	return true
}

func (s *shard) take(it *item) {
	s.sessions.Packet = &it.packet
	s.stage = following
	switch it.kind {
	case segmentItem:
		if it.owner == s.number {
			s.table.PushAt(it.now, it.claimed, &it.packet)
		}
	case oddItem:
		s.table.Accuse(&it.packet)
	case endItem:
		s.flush()
	}
	if it.sweep { // last, as in flow.Table.Push
		s.stage = following
		s.table.Sweep(it.now)
	}
}
