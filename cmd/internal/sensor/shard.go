package sensor

// shard is one of the Workers: a Sensor without a source and a decoder.
type shard struct {
	*Sensor
	number  int
	batches chan *batch
	batch   *batch // the one at hand
	at      int32  // the item at hand
}

func newShard(number int, o Options) *shard {
	s := &shard{number: number, batches: make(chan *batch, batchesInFlight)}
	o.Deliver = s.found
	s.Sensor = New(o)
	s.shard = true
	return s
}

// run takes batches until there are no more.
func (s *shard) run() {
	for b := range s.batches {
		s.batch = b
		for _, at := range b.turns[s.number] {
			s.at = at
			s.take(&b.items[at])
		}
		if b.left.Add(-1) == 0 {
			b.done <- struct{}{}
		}
	}
}

func (s *shard) take(it *item) {
	s.packet = &it.packet
	if it.sweep {
		s.table.Sweep(it.now)
	}
	switch it.kind {
	case segmentItem:
		if it.owner == s.number {
			s.table.PushAt(it.now, &it.packet)
		}
	case messageItem:
		s.datagram(&it.packet)
	case endItem:
		s.table.Flush()
	}
}
