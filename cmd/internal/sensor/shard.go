package sensor

import (
	"tlsfloor/classify"
	"tlsfloor/classify/policy"
	"tlsfloor/cmd/internal/session"
)

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

// found keeps a finding for who judges it, with all that a reader of it needs if
// it may get one.
func (s *shard) found(c *session.Session, f *classify.Finding) {
	if s.sessions.FlaggedOnly && !policy.Flaggable(s.options.Policy.Verdict(&f.Observation)) {
		s.made.own()
	} else {
		c.Complete(f)
	}
	b := s.batch
	b.found[s.number] = append(b.found[s.number], found{s.made, s.at, int32(s.number), c.OpenTime(), c.Route()})
	s.nextDraft()
	if len(b.found[s.number]) >= maxFound/len(b.found) {
		s.wait()
	}
}

// nextDraft has the next finding made in memory of its own.
func (s *shard) nextDraft() {
	if n := len(s.blanks); n > 0 {
		s.made, s.blanks = s.blanks[n-1], s.blanks[:n-1]
	} else {
		s.made = new(made)
		s.made.Names = s.made.names[:0]
	}
	s.sessions.Draft = &s.made.Finding
}

// wait waits until what the shard has found is judged.
func (s *shard) wait() {
	s.batch.waits[s.number] = true
	s.batch.leave()
	<-s.resume
	s.reclaim()
}

// reclaim takes the memory of findings that nobody wanted.
func (s *shard) reclaim() {
	blanks := &s.batch.blanks[s.number]
	s.blanks = append(s.blanks, *blanks...)
	clear(*blanks)
	*blanks = (*blanks)[:0]
}

// keep keeps a fault for when the batch is done.
func (s *shard) keep(f *Fault) {
	b := s.batch
	b.faults[s.number] = append(b.faults[s.number], f)
}
