package keep

import (
	"tlsfloor/capture"
	"tlsfloor/capture/decode"
	"tlsfloor/capture/flow"
)

const (
	// maxHeld bounds the captured bytes of a flow that are held before the verdict. A
	// chain of certificates has ten thousand.
	maxHeld = 128 << 10
	// maxTail bounds the captured bytes of a flow that are written after the verdict.
	maxTail = 64 << 10
	// sweepEvery is in nanoseconds.
	sweepEvery = int64(1e9)
)

// Writer takes what a Keeper keeps.
type Writer interface {
	// Interface returns the number that packets of an interface have in the file, which
	// is the same for all parts of a run.
	Interface(link capture.LinkType, name string) uint32
	// Write takes a number of packets, as whole blocks of pcapng, which it must not
	// keep.
	Write(blocks []byte, packets int)
}

// Keeper holds the frames of connections until they are decided, and writes those of
// flagged ones.
type Keeper struct {
	to        Writer
	now       int64 // see At
	claimed   int64 // see At
	swept     int64
	store     store
	flows     flows
	datagrams datagrams
	answers   answers
	sources   sources
	pending   map[int32]pending // by record: see Flag
	group     []byte            // blocks that are written next
	packets   int               // in group
	memory    int64
	stats     Stats
}

// pending is the comment on a flow of which no frame was written so far.
type pending struct {
	text string
	// unknown: the flow was not known when it was flagged. It is whole if it was not
	// given up before, and its first frame, of the time at, has flagged it.
	unknown, givenUp bool
	at               int64
}

// Stats counts what was kept.
type Stats struct {
	Flows    uint64 // flagged flows
	NotWhole uint64 // of these, flows of which not all packets were there when they were flagged, or that were given up before their end
	Packets  uint64 // given to the Writer
}

// New returns a Keeper that takes so many bytes of memory.
func New(to Writer, memory int64) *Keeper {
	k := &Keeper{
		to: to, memory: memory, flows: newFlows(memory / 6), answers: newAnswers(memory / 16), datagrams: newDatagrams(),
		sources: newSources(), pending: map[int32]pending{},
	}
	k.store = newStore(memory * 3 / 4)
	k.answers.most = k.store.most / 8
	return k
}

// Stats returns the counts so far.
func (k *Keeper) Stats() Stats { return k.stats }

// At tells the time by the clock of the flow tables, before Segment. A clock of the
// Keeper's own, which does not see all packets, could take a pause for granted that the
// tables still doubt, and forget flows before they are flagged. claimed is when the next
// packet came, though the clock may doubt it: the first packets after a pause must not look
// old once the pause is accepted (packettime.Clock.Claimed).
func (k *Keeper) At(now, claimed int64) { k.now, k.claimed = now, claimed }

// Segment takes a frame that held a TCP segment, or completed one: parts are those of
// decode.Decoder.Trace. standing and begun are those of flow.Table.Standing after the
// segment, whose verdict was given to Flag before.
func (k *Keeper) Segment(f *capture.Frame, p *decode.Packet, parts []uint32, standing flow.Standing, begun bool) {
	k.segment(f, p, parts, standing, begun)
	if k.now-k.swept >= sweepEvery { // last, because Flag does not know the time of this packet
		k.swept = k.now
		k.sweep()
	}
}

func (k *Keeper) segment(f *capture.Frame, p *decode.Packet, parts []uint32, standing flow.Standing, begun bool) {
	key, fromLow := keyOf(p)
	i := k.flows.index[key]
	if i != 0 && k.flows.records[i].class >= flagged {
		if p.Flags&(decode.SYN|decode.ACK) != decode.SYN || standing != flow.Opened {
			k.append(i, f, p, parts, fromLow)
			return
		}
		k.forget(i) // this is the next connection of these ports
		i = 0
	}
	if standing != flow.Decided && i == 0 {
		if i = k.enter(key, classOf(standing)); i != 0 && begun && p.Flags&decode.SYN == 0 {
			k.flows.records[i].cut = true
		}
	} else if i != 0 && standing == flow.Decided {
		k.forget(i)
		i = 0
	}
	if i == 0 {
		k.Drop(parts)
		return
	}
	k.flows.touch(i, classOf(standing), k.claimed)
	k.hold(i, f, parts)
}

// Bare takes a frame that belongs to a connection and does not change what is known of
// it: an acknowledgement alone.
func (k *Keeper) Bare(f *capture.Frame, p *decode.Packet, parts []uint32) {
	key, fromLow := keyOf(p)
	i := k.flows.index[key]
	switch {
	case i == 0:
		k.Drop(parts)
	case k.flows.records[i].class >= flagged:
		k.append(i, f, p, parts, fromLow)
	default:
		k.flows.touch(i, k.flows.records[i].class, k.claimed)
		k.hold(i, f, parts)
	}
}

// sweep forgets what was silent for too long.
func (k *Keeper) sweep() {
	for c := range k.flows.queues {
		for i := k.flows.queues[c].oldest; i != 0 && k.now-k.flows.records[i].seen > maxSilences[c]; i = k.flows.queues[c].oldest {
			k.forget(i)
		}
	}
}

// enter makes a record of a flow, and gives up others if there is no room; 0: there is
// none all the same.
func (k *Keeper) enter(key flowKey, c class) int32 {
	i := k.flows.enter(key, c, k.claimed)
	for i == 0 && k.giveUp(opened, followed, ended, flagged, waiting) {
		i = k.flows.enter(key, c, k.claimed)
	}
	return i
}

// hold holds a frame of a flow, after the fragments before it.
func (k *Keeper) hold(i int32, f *capture.Frame, parts []uint32) {
	r := &k.flows.records[i]
	if !k.datagrams.move(&k.store, parts, &r.frames) {
		r.cut = true
	}
	if int(r.frames.bytes)+len(f.Data) > maxHeld {
		r.cut = true
		return
	}
	source := k.sources.number(f)
	for !k.store.put(&r.frames, f, source) {
		if !k.makeRoom() || k.flows.index[r.key] != i {
			r.cut = true
			return
		}
	}
}

// makeRoom gives up the least promising frames, and reports whether there were any.
func (k *Keeper) makeRoom() bool {
	return k.datagrams.dropOldest(&k.store) || k.giveUp(opened, followed, waiting) || k.answers.dropOldest(&k.store)
}

// giveUp gives up a flow of the first of these classes that has any.
func (k *Keeper) giveUp(order ...class) bool {
	for _, c := range order {
		if i := k.flows.queues[c].oldest; i != 0 {
			k.flows.givenUp.add(k.flows.records[i].key)
			if c == flagged && !k.flows.records[i].counted {
				k.stats.NotWhole++
			}
			k.forget(i)
			return true
		}
	}
	return false
}

// forget forgets a flow and its frames.
func (k *Keeper) forget(i int32) {
	k.store.release(&k.flows.records[i].frames)
	delete(k.pending, i)
	k.flows.remove(i)
}

// Clear forgets all that is held. It is for a panic, after which the state is not known.
func (k *Keeper) Clear() {
	stats, sources, now, claimed := k.stats, k.sources, k.now, k.claimed
	*k = *New(k.to, k.memory)
	k.stats, k.sources, k.now, k.claimed = stats, sources, now, claimed
}
