package sensor

// shard is one of the Workers: a Sensor without a source and a decoder.
type shard struct {
	*Sensor
	number  int
	batches chan *batch
	batch   *batch  // the one at hand
	at      int32   // the item at hand
	turn    []int32 // items that are left
}

func newShard(number int, o Options) *shard {
	s := &shard{number: number, batches: make(chan *batch, batchesInFlight)}
	o.Deliver = s.found
	s.Sensor = New(o)
	s.shard = true
	s.fault = s.keep
	return s
}

// run takes batches until there are no more.
func (s *shard) run() {
	for b := range s.batches {
		s.batch, s.turn = b, b.turns[s.number]
		for !s.stretch() {
		}
		if b.left.Add(-1) == 0 {
			b.done <- struct{}{}
		}
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
	s.packet = &it.packet
	s.stage = following
	if it.sweep {
		s.table.Sweep(it.now)
	}
	switch it.kind {
	case segmentItem:
		if it.owner == s.number {
			s.table.PushAt(it.now, &it.packet)
		}
	case messageItem:
		s.stage = learning
		s.datagram(&it.packet)
	case endItem:
		s.flush()
	}
}
