package sensor

import (
	"tlsfloor/classify"
	"tlsfloor/classify/policy"
	"tlsfloor/cmd/internal/session"
)

// shard is one of the sensors of Workers, without a source and a decoder. Workers names
// and judges its findings.
type shard struct {
	*Sensor
	number     int
	batches    chan *batch
	resume     chan struct{}    // see wait
	batch      *batch           // the current batch
	current    int32            // index of the current item in it
	items      []int32          // indices of the items that are left
	draft      *findingMemory   // holds sessions.Draft
	freeMemory []*findingMemory // for the next findings
}

func newShard(number int, o Options, n *failure) *shard {
	s := &shard{number: number, batches: make(chan *batch, batchesInFlight), resume: make(chan struct{}, 1)}
	s.Sensor = newWith(n.guard(o), n)
	s.shard = true
	s.sessions.Judge, s.onFault = s.addPending, s.keepFault
	s.nextDraft()
	return s
}

// run processes batches until there are no more.
func (s *shard) run() {
	for b := range s.batches {
		s.batch, s.items = b, b.shardItems[s.number]
		s.reclaim()
		for !s.runUntilFault() {
		}
		b.shardStops()
	}
}

// runUntilFault processes the shard's items until the next fault. done: there was none.
func (s *shard) runUntilFault() (done bool) {
	defer func() {
		if value := recover(); value != nil {
			s.recoverFrom(newFault(value))
		}
	}()
	for len(s.items) > 0 {
		s.current, s.items = s.items[0], s.items[1:]
		s.process(&s.batch.items[s.current])
	}
	return true
}

// process processes one item.
func (s *shard) process(it *item) {
	s.sessions.Packet = &it.packet
	s.step = followingFlows
	switch it.kind {
	case segmentItem:
		if it.owner == s.number {
			s.table.PushAt(it.now, it.claimed, &it.packet)
		}
	case keptItem:
		if it.owner == s.number {
			s.table.PushAt(it.now, it.claimed, &it.packet)
			it.at.now, it.at.claimed = it.now, it.claimed
			it.at.standing, it.at.begun = s.table.Standing(&it.packet)
		}
	case datagramItem, datagramTimeItem:
		s.processDatagram(it)
		return
	case oddItem:
		s.table.Accuse(&it.packet)
	case endItem:
		s.flush()
	}
	if it.sweep { // last, as in flow.Table.Push
		s.step = followingFlows
		s.table.Sweep(it.now)
	}
}

// processDatagram processes an item that is for the table of conversations.
func (s *shard) processDatagram(it *item) {
	s.step = followingDatagrams
	if it.kind == datagramItem && it.owner == s.number {
		s.datagrams.PushAt(it.now, it.claimed, &it.packet, it.begins)
		if it.kept {
			it.at.standing = s.datagrams.Standing(&it.packet)
		}
	}
	if it.sweep {
		s.datagrams.Sweep(it.now)
	}
}

// addPending adds a finding to those of the batch that wait to be judged. If it may
// become an event, it adds what a reader needs.
func (s *shard) addPending(c *session.Session, f *classify.Finding) {
	if s.sessions.FlaggedOnly && !policy.Flaggable(s.options.Policy.Verdict(&f.Observation)) {
		s.draft.copyHellos()
	} else {
		c.Complete(f)
	}
	b := s.batch
	b.pending[s.number] = append(b.pending[s.number], pending{s.draft, s.current, int32(s.number), c.OpenTime(), c.Route()})
	s.nextDraft()
	if len(b.pending[s.number]) >= maxPending/len(b.pending) {
		s.wait()
	}
}

// nextDraft gets memory for the next finding.
func (s *shard) nextDraft() {
	if n := len(s.freeMemory); n > 0 {
		s.draft, s.freeMemory = s.freeMemory[n-1], s.freeMemory[:n-1]
	} else {
		s.draft = new(findingMemory)
		s.draft.Names = s.draft.names[:0]
	}
	s.sessions.Draft = &s.draft.Finding
}

// wait waits until the shard's findings so far are judged.
func (s *shard) wait() {
	s.batch.waits[s.number] = true
	s.batch.shardStops()
	<-s.resume
	s.reclaim()
}

// reclaim gets back the memory of findings that were not delivered.
func (s *shard) reclaim() {
	free := &s.batch.freeMemory[s.number]
	s.freeMemory = append(s.freeMemory, *free...)
	clear(*free)
	*free = (*free)[:0]
}

// keepFault keeps a fault, to be reported when the batch is done.
func (s *shard) keepFault(f *Fault) {
	b := s.batch
	b.faults[s.number] = append(b.faults[s.number], f)
}
