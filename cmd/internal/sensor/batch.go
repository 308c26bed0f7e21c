package sensor

import (
	"cmp"
	"slices"
	"sync/atomic"

	"tlsfloor/capture/decode"
	"tlsfloor/classify"
	"tlsfloor/classify/names"
	"tlsfloor/parse"
)

const (
	// batchItems is how many packets shards are given at once: waking a
	// goroutine costs as much as dozens of them, and what is in flight should
	// stay in the processors' caches (512: 6 % more CPU on a capture with data).
	batchItems = 256
	// batchBytes bounds what is copied into a batch, but for its last packet.
	batchBytes = 256 << 10
	// batchBuffers bounds the buffers of a source that a batch holds.
	batchBuffers = 4
	// batchAge is how much packet time a batch spans before it goes: a finding
	// on a quiet network must not wait for so many packets.
	batchAge = int64(50e6)
	// batchesInFlight bounds the batches that are not done: some 8,000 packets.
	// Where goroutines outnumber processors one may have to wait a few
	// milliseconds for its turn, and the others must not run dry meanwhile (8
	// kept two processors at work 84 % of the time, 32 keep them 96 %).
	batchesInFlight = 32
)

// batch is packets on their way to the shards, and what they found on its way
// back.
type batch struct {
	items    []item
	turns    [][]int32 // by shard: the indices of its items
	messages []int32   // the indices of DNS messages
	copied   []byte    // payloads whose source could not lend them
	buffers  [][]byte  // of the source: payloads are views into them

	found  [][]found     // by shard: what is not due
	waits  []bool        // by shard: see shard.wait
	blanks [][]*made     // by shard: for its next findings
	faults [][]*Fault    // by shard
	left   atomic.Int32  // shards that neither are done nor wait
	done   chan struct{} // has an element when left is 0

	learnt int     // of messages
	due    []found // see take
	judged int     // of due
}

func newBatch(shards int) *batch {
	return &batch{
		items: make([]item, 0, batchItems+1), turns: make([][]int32, shards),
		found: make([][]found, shards), waits: make([]bool, shards), blanks: make([][]*made, shards),
		faults: make([][]*Fault, shards), done: make(chan struct{}, 1),
	}
}

// leave is called by a shard that is done, or waits.
func (b *batch) leave() {
	if b.left.Add(-1) == 0 {
		b.done <- struct{}{}
	}
}

// next returns the item to fill. It is not in the batch before add. Of a batch
// that is not full there is always one, and another for the end.
func (b *batch) next() *item {
	n := len(b.items)
	return &b.items[:n+1][n]
}

// add puts the item that next returned into the batch, for those it is for.
func (b *batch) add() {
	n := len(b.items)
	b.items = b.items[:n+1]
	it := &b.items[n]
	switch {
	case it.kind == messageItem:
		b.messages = append(b.messages, int32(n))
		return
	case !it.common():
		b.turns[it.owner] = append(b.turns[it.owner], int32(n))
		return
	}
	for i := range b.turns {
		b.turns[i] = append(b.turns[i], int32(n))
	}
}

// full reports whether the batch is to go, at a packet's time.
func (b *batch) full(now int64) bool {
	return len(b.items) >= batchItems || len(b.copied) >= batchBytes || len(b.buffers) >= batchBuffers ||
		len(b.items) > 0 && now-b.items[0].packet.Time >= batchAge
}

// keep copies a payload into the batch.
func (b *batch) keep(payload []byte) []byte {
	at := len(b.copied)
	b.copied = append(b.copied, payload...)
	return b.copied[at:]
}

// reset makes the batch ready to be filled again.
func (b *batch) reset() {
	b.items, b.copied, b.buffers = b.items[:0], b.copied[:0], b.buffers[:0]
	b.messages, b.learnt = b.messages[:0], 0
	for i := range b.turns {
		b.turns[i], b.faults[i] = b.turns[i][:0], nil
	}
}

// last is the item up to which everything is found: the first one that a shard
// waits at; with none that waits, the last of the batch.
func (b *batch) last() int32 {
	last := int32(len(b.items))
	for i, waits := range b.waits {
		if waits {
			last = min(last, b.found[i][len(b.found[i])-1].at)
		}
	}
	return last
}

// take moves what was found up to an item to due: in the order of the packets
// that led to it; where one packet's time ended several connections, in the order
// in which these began, as far as no shard had to wait.
func (b *batch) take(last int32) {
	clear(b.due) // the findings are no longer ours
	b.due, b.judged = b.due[:0], 0
	for i, of := range b.found {
		n := 0
		for n < len(of) && of[n].at <= last {
			n++
		}
		b.due = append(b.due, of[:n]...)
		b.found[i] = slices.Delete(of, 0, n)
	}
	slices.SortStableFunc(b.due, found.compare)
}

// kind is what an item is.
type kind uint8

const (
	timeItem    kind = iota // nothing but a time: see item.sweep
	segmentItem             // of a connection of the shard owner
	oddItem                 // see flow.Table.Accuse; for the shard owner
	messageItem             // a DNS message, for no shard
	endItem                 // the capture is over
)

// item is a packet, with all that a shard has to know.
type item struct {
	packet decode.Packet
	// By the clock that all shards share: see flow.Clock.
	now, claimed int64
	kind         kind
	sweep        bool // it is time to look for what has been silent, in all shards
	owner        int
}

// common reports whether every shard has to see the item.
func (it *item) common() bool { return it.sweep || it.kind == timeItem || it.kind == endItem }

// maxFound bounds what the shards have found and nobody has judged, of one batch:
// one packet's time may end a hundred thousand connections, and so does the end
// of the capture. A finding takes a kilobyte.
const maxFound = 8192

// found is a finding that is not judged, and the item of the batch that led to
// it.
type found struct {
	*made
	at       int32
	shard    int32
	opened   int64 // when the connection was
	networks [2]names.Network
}

func (f found) compare(o found) int {
	if f.at != o.at {
		return cmp.Compare(f.at, o.at)
	}
	return cmp.Or(cmp.Compare(f.Time, o.Time), f.Client.Compare(o.Client), f.Server.Compare(o.Server))
}

// made is the memory of a finding that a shard makes.
type made struct {
	classify.Finding
	names    [2]classify.Name
	hello    classify.ClientHello
	versions []parse.Version // of hello
	answer   classify.ServerHello
}

// own copies the hellos, which are in the sensor's memory and the session's.
func (m *made) own() {
	if m.Hello != nil {
		m.hello = *m.Hello
		m.versions = append(m.versions[:0], m.Hello.Versions...)
		m.hello.Versions = m.versions
		m.Hello = &m.hello
	}
	if m.Answer != nil {
		m.answer = *m.Answer
		m.Answer = &m.answer
	}
}
