package flow

// index finds an entry by its key: open addressing with linear probing, at most half
// full, eight bytes a slot. It grows with its content, so that the index of an ordinary
// network stays in the processor's cache.
type index struct {
	slots []slot
	mask  uint32
	used  int
}

// slot holds the hash, so that most mismatches are found without the entry.
type slot struct {
	hash  uint32
	entry int32 // entry's number plus one; 0: the slot is empty
}

// find returns the entry of a packet's connection when there is no doubt: it alone has
// the packet's addresses and ports, and its network. Otherwise it returns none; if twins
// is true, there are entries with these addresses and ports, and Table.entryFor decides.
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

const firstSlots = 1 << 12

func newIndex() index {
	return index{slots: make([]slot, firstSlots), mask: firstSlots - 1}
}

func (x *index) add(hash uint32, entry int32) {
	if 2*x.used >= len(x.slots) {
		x.grow()
	}
	x.place(slot{hash, entry + 1})
	x.used++
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

// del removes an entry, and moves others so that no probe ends early.
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
