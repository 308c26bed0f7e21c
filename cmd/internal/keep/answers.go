package keep

import (
	"tlsfloor/capture"
	"tlsfloor/capture/decode"
	"tlsfloor/classify"
	"tlsfloor/parse/dns"
)

// maxPairs bounds the addresses of one response that are remembered.
const maxPairs = 16

// pairCost is the memory of a pair, in bytes: in both lists, and twice in the map.
const pairCost = 80 + 4*60

// answers are DNS responses that may have named a flow. The oldest go first.
type answers struct {
	held  []answer
	first uint32          // number of held[0]
	pairs map[pair]uint32 // numbers of answers
	most  int32           // blocks that the answers may take
	limit int             // of pairs
	used  int32           // blocks
	size  int             // pairs of all answers
	found []dns.Address   // in the current response
}

// pair is a client that was told an address. Without a client, it is any of them: names
// that were told to others count as well (names.Store.Lookup).
type pair struct{ client, server decode.Addr }

type answer struct {
	frames  list
	pairs   []pair
	written bool
}

func newAnswers(memory int64) answers {
	return answers{pairs: map[pair]uint32{}, limit: max(maxPairs, int(memory/pairCost))}
}

// Answer takes a frame with a DNS message, or one that completed it. parts are those of
// decode.Decoder.Trace.
func (k *Keeper) Answer(f *capture.Frame, p *decode.Packet, parts []uint32) {
	a := &k.answers
	var m dns.Message
	if p.Missing > 0 || dns.Parse(p.Payload, &m) != nil || !m.Response {
		k.Drop(parts)
		return
	}
	if a.found = m.AppendAddresses(a.found[:0]); len(a.found) == 0 {
		k.Drop(parts)
		return
	}
	var entry answer
	k.datagrams.move(&k.store, parts, &entry.frames)
	for !k.store.put(&entry.frames, f, k.sources.number(f)) {
		if !a.dropOldest(&k.store) {
			k.store.release(&entry.frames)
			return // nothing but flows is held: they are worth more
		}
	}
	for _, found := range a.found[:min(len(a.found), maxPairs)] {
		entry.pairs = append(entry.pairs, pair{p.Dst, found.Addr.As16()})
	}
	a.add(entry)
	for (a.used > a.most || a.size > a.limit) && a.dropOldest(&k.store) {
	}
}

func (a *answers) add(entry answer) {
	number := a.first + uint32(len(a.held))
	for _, to := range entry.pairs {
		a.pairs[to], a.pairs[pair{server: to.server}] = number, number
	}
	a.held = append(a.held, entry)
	a.used += entry.frames.blocks
	a.size += len(entry.pairs)
}

// dropOldest gives up the oldest answer, and reports whether there was one.
func (a *answers) dropOldest(s *store) bool {
	if len(a.held) == 0 {
		return false
	}
	oldest := &a.held[0]
	for _, to := range oldest.pairs {
		for _, key := range [...]pair{to, {server: to.server}} {
			if a.pairs[key] == a.first {
				delete(a.pairs, key)
			}
		}
	}
	a.used -= oldest.frames.blocks
	a.size -= len(oldest.pairs)
	s.release(&oldest.frames)
	*oldest = answer{}
	a.held = a.held[1:]
	a.first++
	return true
}

// writeAnswer writes the response that has named a finding's server, unless it was
// written before.
func (k *Keeper) writeAnswer(f *classify.Finding) {
	a := &k.answers
	to := pair{f.Client.Addr().As16(), f.Server.Addr().As16()}
	number, ok := a.pairs[to]
	if !ok {
		number, ok = a.pairs[pair{server: to.server}]
	}
	if !ok || a.held[number-a.first].written {
		return
	}
	entry := &a.held[number-a.first]
	entry.written = true
	last := entry.frames.frames
	k.store.each(&entry.frames, func(frame *capture.Frame, source uint16) {
		text := ""
		if last--; last == 0 {
			text = commentOnAnswer(f)
		}
		k.write(frame, source, text)
	})
}
