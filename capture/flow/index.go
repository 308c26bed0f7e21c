package flow

// index finds an entry by its key: open addressing with linear probing, at
// most half full, eight bytes a slot. It grows with what is in it, so that the
// index of an ordinary network stays in the processor's cache.
type index struct {
	slots []slot
	mask  uint32
	used  int
}

// slot holds the hash, so that most mismatches cost no look at the entry.
type slot struct {
	hash  uint32
	entry int32 // entry's number plus one; 0: the slot is empty
}

const firstSlots = 1 << 12

func newIndex() index {
	return index{slots: make([]slot, firstSlots), mask: firstSlots - 1}
}

func (x *index) grow() {
	old := x.slots
	x.slots = make([]slot, 2*len(old))
	x.mask = uint32(len(x.slots) - 1)
	for _, s := range old {
		if s.entry != 0 {
			x.place(s)
		}
	}
}

func (x *index) place(s slot) {
	at := s.hash & x.mask
	for x.slots[at].entry != 0 {
		at = (at + 1) & x.mask
	}
	x.slots[at] = s
}

// find returns the entry of a packet's connection when there is no doubt: it
// alone has the packet's addresses and ports, and its network. Else it returns
// none, and twins says whether others have them: then Table.belongs decides.
func (t *Table) find(k *key, hash uint32, d Dir, network uint32) (entry int32, twins bool) {
	for at := hash & t.index.mask; ; at = (at + 1) & t.index.mask {
		s := t.index.slots[at]
		if s.entry == 0 {
			return none, twins || t.apart > 0
		}
		if s.hash != hash {
			continue
		}
		e := &t.entries[s.entry-1]
		if !e.key.equal(k) {
			continue
		}
		if (e.network[d.Index()]^network)|uint32(e.marks&(hasTwin|apart)) == 0 { // one branch for both
			return s.entry - 1, false
		}
		twins = true
	}
}

func (x *index) add(hash uint32, entry int32) {
	if 2*x.used >= len(x.slots) {
		x.grow()
	}
	x.place(slot{hash, entry + 1})
	x.used++
}

// del removes an entry and closes the gap, so that no probe ends early.
func (x *index) del(hash uint32, entry int32) {
	at := hash & x.mask
	for x.slots[at].entry != entry+1 {
		at = (at + 1) & x.mask
	}
	x.used--
	for next := (at + 1) & x.mask; x.slots[next].entry != 0; next = (next + 1) & x.mask {
		if home := x.slots[next].hash & x.mask; (next-home)&x.mask >= (next-at)&x.mask {
			x.slots[at] = x.slots[next]
			at = next
		}
	}
	x.slots[at] = slot{}
}

// insert enters a connection, and makes room for it first. twins says that
// others may have its addresses and ports.
func (t *Table) insert(k *key, hash, network uint32, by teller, twins bool) int32 {
	t.stats.Flows++
	i := t.vacancy()
	e := &t.entries[i]
	*e = entry{key: *k, network: [2]uint32{network, network}, stream: none, origin: uint8(by)}
	e.key.seen = t.moment()
	t.numbers[i].said = Digest{} // what else is in it is valid when the entry says so
	if twins {
		hash = t.twin(i, k, hash, network)
	}
	t.index.add(hash, i)
	t.enqueue(i, embryonic)
	return i
}

func (t *Table) vacancy() int32 {
	if t.free == none && int(t.used) == len(t.entries) {
		t.evict()
	}
	if i := t.free; i != none {
		t.free = t.entries[i].stream
		return i
	}
	t.used++
	return t.used - 1
}

// remove ends the stream of entry i, if it has one, and forgets the entry.
func (t *Table) remove(i int32, c Cause) {
	if t.entries[i].stream != none {
		t.asked = i
		t.conclude(i, c)
		t.asked = none
	}
	t.drop(i)
}

// drop forgets entry i, and lets its stream go.
func (t *Table) drop(i int32) {
	e := &t.entries[i]
	if e.stream != none {
		t.release(i)
	}
	t.dequeue(i)
	hash := e.key.hash(&t.seed)
	if e.marks&apart != 0 {
		hash = apartHash(hash, e.network[0])
		t.apart--
	}
	t.index.del(hash, i)
	e.class, e.stream = unused, t.free
	t.free = i
}

// conclude gives the consumer what waits behind holes, and then the end. What
// the packets said comes before what the clock or the table says.
func (t *Table) conclude(i int32, c Cause) {
	e, s := &t.entries[i], t.streams[t.entries[i].stream]
	for d := range s.half {
		if s.conclude(Dir(d)) == Settled {
			return
		}
	}
	switch {
	case e.flags&rstSeen != 0:
		c = Reset
	case e.has(finSeen, FromLo) || e.has(finSeen, FromHi):
		c = Closed
	}
	s.consumer.End(c)
}

// place puts a stream where an entry can find it: entries have no pointers.
func (t *Table) place(s *Stream) int32 {
	if n := len(t.freeStreams); n > 0 {
		i := t.freeStreams[n-1]
		t.freeStreams = t.freeStreams[:n-1]
		t.streams[i] = s
		return i
	}
	t.streams = append(t.streams, s)
	return int32(len(t.streams) - 1)
}

// release lets the stream of entry i go.
func (t *Table) release(i int32) {
	e := &t.entries[i]
	s := t.streams[e.stream]
	t.stats.Bytes -= int(s.counted)
	s.reset()
	t.streams[e.stream] = nil
	t.freeStreams = append(t.freeStreams, e.stream)
	e.stream = none
}
