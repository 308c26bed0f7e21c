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
	// batchItems is the number of packets in a full batch. Waking a goroutine costs as
	// much as dozens of packets, but batches in flight should fit into the processors'
	// caches (512 items: 6 % more CPU on a capture with data).
	batchItems = 256
	// batchBytes bounds the bytes copied into a batch. The last packet may exceed it.
	batchBytes = 256 << 10
	// batchBuffers bounds the buffers of a source that a batch holds.
	batchBuffers = 4
	// batchAge is the packet time, in nanoseconds, after which a batch is sent even if
	// it is not full: a finding on a quiet network must not wait for more packets.
	batchAge = int64(50e6)
	// batchesInFlight bounds the batches that are sent and not delivered, to some 8,000
	// packets. If there are more goroutines than processors, one may have to wait a few
	// milliseconds for its turn, and the others must not run out of work meanwhile
	// (8 batches kept two processors busy 84 % of the time, 32 keep them busy 96 %).
	batchesInFlight = 32
)

// batch carries packets to the shards, and their findings back.
type batch struct {
	items      []item
	shardItems [][]int32 // by shard: the indices of its items
	messages   []int32   // the indices of items for no shard: DNS messages
	copied     []byte    // payloads that the source does not lend
	buffers    [][]byte  // the source's buffers: payloads are views into them

	pending    [][]pending        // by shard: findings that collectDue has not taken
	waits      []bool             // by shard: see shard.wait
	freeMemory [][]*findingMemory // by shard: to be reused for its next findings
	faults     [][]*Fault         // by shard
	working    atomic.Int32       // number of shards that are neither done nor waiting
	done       chan struct{}      // gets an element when working is 0

	messagesRead int       // how many of messages were read
	due          []pending // see collectDue
	dueJudged    int       // how many of due were judged

	frames     []keptFrame // in the order of their items; only with Options.Keep
	parts      []uint32    // of all frames
	framesKept int         // how many of frames were given to Options.Keep
}

func newBatch(shards int) *batch {
	return &batch{
		items: make([]item, 0, batchItems+1), shardItems: make([][]int32, shards),
		pending: make([][]pending, shards), waits: make([]bool, shards), freeMemory: make([][]*findingMemory, shards),
		faults: make([][]*Fault, shards), done: make(chan struct{}, 1),
	}
}

// shardStops is called by a shard when it is done with the batch, or waits.
func (b *batch) shardStops() {
	if b.working.Add(-1) == 0 {
		b.done <- struct{}{}
	}
}

// next returns the item to fill next; add puts it into the batch. A batch that is not
// full has room for it, and for another at the end of the capture.
func (b *batch) next() *item {
	n := len(b.items)
	return &b.items[:n+1][n]
}

// add puts the item that next returned into the batch, for the shards that need it.
func (b *batch) add() {
	n := len(b.items)
	b.items = b.items[:n+1]
	it := &b.items[n]
	switch {
	case it.kind >= messageItem:
		b.messages = append(b.messages, int32(n))
		return
	case !it.forAllShards():
		b.shardItems[it.owner] = append(b.shardItems[it.owner], int32(n))
		return
	}
	for i := range b.shardItems {
		b.shardItems[i] = append(b.shardItems[i], int32(n))
	}
}

// full reports whether the batch is to be sent. now is the last packet's time.
func (b *batch) full(now int64) bool {
	return len(b.items) >= batchItems || len(b.copied) >= batchBytes || len(b.buffers) >= batchBuffers ||
		len(b.items) > 0 && now-b.items[0].packet.Time >= batchAge
}

// copyPayload copies a payload into the batch, and returns the copy.
func (b *batch) copyPayload(payload []byte) []byte {
	at := len(b.copied)
	b.copied = append(b.copied, payload...)
	return b.copied[at:]
}

// reset empties the batch, so that it can be filled again.
func (b *batch) reset() {
	b.items, b.copied, b.buffers = b.items[:0], b.copied[:0], b.buffers[:0]
	b.messages, b.messagesRead = b.messages[:0], 0
	b.frames, b.parts, b.framesKept = b.frames[:0], b.parts[:0], 0
	for i := range b.shardItems {
		b.shardItems[i], b.faults[i] = b.shardItems[i][:0], nil
	}
}

// last is the index of the item up to which all shards have reported their findings:
// the first item at which a shard waits, or the end of the batch.
func (b *batch) last() int32 {
	last := int32(len(b.items))
	for i, waits := range b.waits {
		if waits {
			last = min(last, b.pending[i][len(b.pending[i])-1].at)
		}
	}
	return last
}

// collectDue moves the findings up to an item to due, in the order of the packets that
// caused them. If one packet's time ended several connections, they come in the order
// in which the connections began, unless a shard had to wait.
func (b *batch) collectDue(last int32) {
	clear(b.due) // the findings may have been delivered, and belong to others
	b.due, b.dueJudged = b.due[:0], 0
	for i, of := range b.pending {
		n := 0
		for n < len(of) && of[n].at <= last {
			n++
		}
		b.due = append(b.due, of[:n]...)
		b.pending[i] = slices.Delete(of, 0, n)
	}
	slices.SortStableFunc(b.due, pending.compare)
}

// kind is the kind of an item.
type kind uint8

const (
	timeItem         kind = iota // only a time: see item.sweep
	segmentItem                  // a TCP segment, for the shard that owns its connection
	oddItem                      // fragments with anomalies (see flow.Table.Accuse), for the shard owner
	keptItem                     // as segmentItem, and its frame may be kept
	endItem                      // the end of the capture
	datagramItem                 // a datagram, for the shard that owns its conversation
	datagramTimeItem             // as timeItem, for conversations in datagrams
	messageItem                  // a DNS message, for no shard
	frameItem                    // only a frame that may be kept, for no shard
)

// item is a packet, with everything that a shard needs to process it.
type item struct {
	packet decode.Packet
	// Times of the clock that all shards share: see packettime.Clock.
	now, claimed int64
	kind         kind
	sweep        bool     // all shards have to check their connections, or conversations, for silence
	owner        int      // number of a shard
	begins       bool     // of a datagramItem: see datagram.Table.Push
	at           standing // of a keptItem or a datagramItem; set by its owner
	kept         bool     // of a datagramItem: at is needed
}

// forAllShards reports whether every shard has to see the item.
func (it *item) forAllShards() bool { return it.sweep || it.kind == timeItem || it.kind == endItem }

// maxPending bounds the findings of one batch that wait to be judged: one packet's
// time, or the end of the capture, may end a hundred thousand connections. A finding
// takes a kilobyte.
const maxPending = 8192

// pending is a finding that waits to be judged.
type pending struct {
	*findingMemory
	at       int32            // index of the item that caused it
	shard    int32            // number of the shard that made it
	opened   int64            // see session.Session.OpenTime
	networks [2]names.Network // see session.Session.Route
}

// compare orders findings by item, then by time, client and server.
func (f pending) compare(o pending) int {
	if f.at != o.at {
		return cmp.Compare(f.at, o.at)
	}
	return cmp.Or(cmp.Compare(f.Time, o.Time), f.Client.Compare(o.Client), f.Server.Compare(o.Server))
}

// findingMemory is the memory of a finding that a shard makes.
type findingMemory struct {
	classify.Finding
	names    [2]classify.Name
	hello    classify.ClientHello
	versions []parse.Version // of hello
	answer   classify.ServerHello
}

// copyHellos copies the hellos: they are in memory that the shard's sessions reuse.
func (m *findingMemory) copyHellos() {
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
