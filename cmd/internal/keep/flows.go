package keep

import (
	"bytes"
	"hash/maphash"

	"tlsfloor/capture/decode"
	"tlsfloor/capture/flow"
	"tlsfloor/classify"
	"tlsfloor/parse"
)

// flowKey names a flow by its addresses, ports and protocol, and is the same for both directions.
type flowKey struct {
	low, high         decode.Addr
	lowPort, highPort uint16
	proto             uint8
}

// keyOf returns the key of a packet's flow, and whether the low end sent the packet.
func keyOf(p *decode.Packet) (k flowKey, fromLow bool) {
	return keyFor(p.Src, p.SrcPort, p.Dst, p.DstPort, p.Proto)
}

func keyFor(a decode.Addr, port uint16, b decode.Addr, otherPort uint16, proto uint8) (k flowKey, fromLow bool) {
	if c := bytes.Compare(a[:], b[:]); c < 0 || c == 0 && port <= otherPort {
		return flowKey{a, b, port, otherPort, proto}, true
	}
	return flowKey{b, a, otherPort, port, proto}, false
}

// keyOfFinding returns the key of the flow of a finding.
func keyOfFinding(f *classify.Finding) flowKey {
	proto := uint8(decode.TCP)
	if f.Protocol != parse.TLS {
		proto = decode.UDP
	}
	k, _ := keyFor(f.Client.Addr().As16(), f.Client.Port(), f.Server.Addr().As16(), f.Server.Port(), proto)
	return k
}

// class is what a flow is waiting for. Flows of lower classes are given up first.
type class uint8

const (
	opened   class = iota // for bytes: see flow.Standing
	followed              // for the verdict
	waiting               // for the verdict, and an answer is expected
	flagged               // for its end
	ended                 // for late packets
	classes
)

// maxSilence is how long a flow may be silent, in nanoseconds of packet time. A table of
// package flow forgets a connection after 180 s at most, and a connection that it knows
// may still be flagged.
const maxSilence = int64(190e9)

// maxSilences are the same by class.
var maxSilences = [classes]int64{maxSilence, maxSilence, maxSilence, maxSilence, 5e9}

// classOf is the class of a flow that is not decided.
func classOf(s flow.Standing) class {
	switch s {
	case flow.Waiting:
		return waiting
	case flow.Followed:
		return followed
	}
	return opened
}

// record is what is held of a flow. It has no pointers.
type record struct {
	key          flowKey
	frames       list
	seen         int64 // when its last packet came, by the Keeper's clock
	older, newer int32 // in its class; of a free record, newer is the next free one
	left         int32 // captured bytes that are still written, if it is flagged
	class        class
	cut          bool // not all of its frames are held
	counted      bool // in Stats.NotWhole
	fin          [2]bool
}

// recordCost is the memory of a record, and of its place in a map that has just grown.
const recordCost = 120 + 160

// flows are the flows of which something is held.
type flows struct {
	records []record // the first is not used: 0 is no record
	index   map[flowKey]int32
	free    int32
	made    int32
	queues  [classes]queue
	givenUp tags
}

// queue is a list of records, the one that was silent for the longest time first.
type queue struct{ oldest, newest int32 }

// newFlows returns room for as many flows as fit into so many bytes.
func newFlows(bytes int64) flows {
	return flows{records: make([]record, 1+max(16, bytes/recordCost)), index: map[flowKey]int32{}, givenUp: newTags()}
}

// enter makes a record of a flow that is not known; 0: there is no room.
func (fs *flows) enter(k flowKey, c class, now int64) int32 {
	i := fs.free
	switch {
	case i != 0:
		fs.free = fs.records[i].newer
	case int(fs.made)+1 < len(fs.records):
		fs.made++
		i = fs.made
	default:
		return 0
	}
	fs.records[i] = record{key: k, cut: fs.givenUp.has(k)}
	fs.index[k] = i
	fs.push(i, c, now)
	return i
}

// remove forgets a flow, whose frames have been released.
func (fs *flows) remove(i int32) {
	r := &fs.records[i]
	fs.unlink(i)
	delete(fs.index, r.key)
	r.newer, fs.free = fs.free, i
}

// touch notes that a packet of a flow came, which is of this class now.
func (fs *flows) touch(i int32, c class, now int64) {
	fs.unlink(i)
	fs.push(i, c, now)
}

func (fs *flows) push(i int32, c class, now int64) {
	r, q := &fs.records[i], &fs.queues[c]
	r.class, r.seen, r.older, r.newer = c, now, q.newest, 0
	if q.newest != 0 {
		fs.records[q.newest].newer = i
	} else {
		q.oldest = i
	}
	q.newest = i
}

func (fs *flows) unlink(i int32) {
	r := &fs.records[i]
	q := &fs.queues[r.class]
	if r.older != 0 {
		fs.records[r.older].newer = r.newer
	} else {
		q.oldest = r.newer
	}
	if r.newer != 0 {
		fs.records[r.newer].older = r.older
	} else {
		q.newest = r.older
	}
}

// tags remember flows that were given up, so that one that goes on is known not to be
// whole. Each has one place, by its hash, where it replaces another one.
type tags struct {
	seed  maphash.Seed
	given []uint32
}

const numTags = 1 << 14

func newTags() tags { return tags{maphash.MakeSeed(), make([]uint32, numTags)} }

func (t *tags) place(k flowKey) (at *uint32, tag uint32) {
	hash := maphash.Comparable(t.seed, k)
	return &t.given[hash>>32%numTags], uint32(hash) | 1
}

func (t *tags) add(k flowKey) {
	at, tag := t.place(k)
	*at = tag
}

func (t *tags) has(k flowKey) bool {
	at, tag := t.place(k)
	return *at == tag
}
