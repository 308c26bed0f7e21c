package keep

import (
	"tlsfloor/capture"
	"tlsfloor/capture/decode"
)

// maxDatagrams is how many incomplete datagrams are held: as many as package defrag does.
const maxDatagrams = 1 << 10

// datagrams are the frames of datagrams that wait for more fragments.
type datagrams struct {
	lists map[uint32]list // by the number of decode.Decoder.Trace
	order []uint32        // of their arrival; some are complete now
}

// moved marks a datagram whose frames so far are with its flow: see Keeper.Accused.
const moved = -1

func newDatagrams() datagrams { return datagrams{lists: map[uint32]list{}} }

// Accused takes a fragment that shows anomalies of its connection, which p names. Its
// datagram may never be complete. So it goes to the flow, with what is there of the
// datagram, if the flow is known.
func (k *Keeper) Accused(f *capture.Frame, p *decode.Packet, parts []uint32) {
	key, _ := keyOf(p)
	if k.flows.index[key] == 0 {
		if len(parts) > 0 {
			k.Fragment(f, parts)
		}
		return
	}
	if len(parts) == 0 {
		k.Bare(f, p, nil)
		return
	}
	last := parts[len(parts)-1]
	if _, held := k.datagrams.lists[last]; !held { // it begins with this frame
		k.datagrams.lists[last] = list{bytes: moved}
	}
	k.Bare(f, p, parts)
	k.datagrams.enter(&k.store, last)
	k.datagrams.lists[last] = list{bytes: moved}
}

// Fragment takes a frame that has a fragment of an incomplete datagram. parts are those
// of decode.Decoder.Trace, of which there is at least one.
func (k *Keeper) Fragment(f *capture.Frame, parts []uint32) {
	last := parts[len(parts)-1]
	if _, known := k.datagrams.lists[last]; !known {
		k.datagrams.enter(&k.store, last)
	}
	l := k.datagrams.lists[last]
	l.bytes = max(l.bytes, 0)
	whole := k.datagrams.move(&k.store, parts[:len(parts)-1], &l)
	k.datagrams.lists[last] = l
	source := k.sources.number(f)
	for whole && int(l.bytes) <= maxHeld && !k.store.put(&l, f, source) {
		if !k.makeRoom() {
			break
		}
		if _, held := k.datagrams.lists[last]; !held {
			return // it was given up: its connection will lack it
		}
	}
	k.datagrams.lists[last] = l
}

// Drop takes the parts of a datagram that is nothing to be kept.
func (k *Keeper) Drop(parts []uint32) { k.datagrams.drop(&k.store, parts) }

// enter begins a datagram, and gives up the oldest one if there are too many.
func (d *datagrams) enter(s *store, number uint32) {
	for len(d.lists) >= maxDatagrams && d.dropOldest(s) {
	}
	if len(d.order) >= 4*maxDatagrams {
		held := d.order[:0]
		for _, n := range d.order {
			if _, ok := d.lists[n]; ok {
				held = append(held, n)
			}
		}
		d.order = held
	}
	d.lists[number] = list{}
	d.order = append(d.order, number)
}

// move moves the frames of datagrams to the end of a list, and reports whether all were
// held.
func (d *datagrams) move(s *store, parts []uint32, to *list) (all bool) {
	all = true
	for _, number := range parts {
		l, held := d.lists[number]
		if !held || l.frames == 0 && l.bytes != moved {
			all = false
		}
		s.join(to, &l)
		delete(d.lists, number)
	}
	return all
}

// drop gives the frames of datagrams back.
func (d *datagrams) drop(s *store, parts []uint32) {
	var l list
	if len(parts) > 0 {
		d.move(s, parts, &l)
		s.release(&l)
	}
}

// dropOldest gives up the datagram that has waited for the longest time, and reports
// whether there was one.
func (d *datagrams) dropOldest(s *store) bool {
	for len(d.order) > 0 {
		number := d.order[0]
		d.order = d.order[1:]
		if l, held := d.lists[number]; held {
			s.release(&l)
			delete(d.lists, number)
			return true
		}
	}
	return false
}
