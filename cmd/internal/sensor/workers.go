package sensor

import (
	"net/netip"
	"sync"
	"time"
	"unsafe"

	"tlsfloor/capture"
	"tlsfloor/capture/decode"
	"tlsfloor/capture/flow"
	"tlsfloor/capture/packettime"
	"tlsfloor/cmd/internal/blind"
)

// Workers reads one source with several sensors, the shards, each in its own goroutine.
// The goroutine that calls Run reads and decodes the packets, and distributes them by
// connection. When the shards are done with a batch, it goes through the batch once
// more in the order of the packets: it reads the DNS messages, and names, judges and
// delivers the findings. So there is one store of names, which gets each message once,
// as with one Sensor. Nothing needs a lock, and only this goroutine calls Report,
// Deliver and Emit.
//
// The findings are those of one Sensor, in another order, as long as no table of
// connections is full: all shards use one clock. Reading a capture again gives the same
// order.
type Workers struct {
	reading
	options Options
	judge   *Sensor // names, judges and counts: it has no table
	decoder *decode.Decoder
	shards  []*shard
	lent    bool // the source lends its frames

	segments kind // of the items of segments: segmentItem or keptItem

	decoding      bool  // a frame is being decoded
	judged        int64 // the time of the packet whose findings were judged last
	delivering    bool  // a batch is being delivered; after Run: delivering has failed
	faults        faults
	clock         packettime.Clock
	datagramClock packettime.Clock // of all shards' conversations in datagrams
	moves         *moves
	bare          uint64         // segments without data, which go to no shard: see flow.Bare
	unseen        blind.Unseen   // the counts of this goroutine
	dnsTable      *flow.Table    // follows DNS over TCP; nil: names are not wanted
	dnsSegment    *decode.Packet // the segment that dnsTable is processing
	unknownLinks  reportedLinks
	tunnels       tunnels // the counts of this goroutine, and the allowances

	filling     *batch   // gets the next packets
	inFlight    []*batch // sent and not delivered, the oldest first
	unused      []*batch
	freeBuffers [][]byte // to be given to the source again
}

// maxDNSFlows and maxDNSBytes bound the connections of DNS over TCP, and the memory for
// them, in bytes.
const (
	maxDNSFlows = 4096
	maxDNSBytes = 4 << 20
)

// NewWorkers makes Workers with a shard for each element of each. o is for the goroutine
// that calls Run. The elements of each are the same, but each has its own Policy and
// Tally, because only one goroutine may use these. A shard tallies only the findings
// that are just counted: see Options.Tally.
func NewWorkers(o Options, each []Options) *Workers {
	n := new(failure)
	o = n.guard(o)
	w := &Workers{
		reading: reading{failure: n}, options: o, judge: &Sensor{options: o}, decoder: decode.New(o.Decode),
		filling: newBatch(len(each)), unknownLinks: reportedLinks{}, segments: segmentItem, moves: newMoves(),
	}
	for i := range each {
		w.shards = append(w.shards, newShard(i, each[i], n))
	}
	if w.options.Names != nil {
		w.dnsTable = flow.NewTable(w, flow.Options{MaxFlows: maxDNSFlows, MaxBytes: maxDNSBytes})
	}
	return w
}

// Run is the same as Sensor.Run.
func (w *Workers) Run(src capture.Source, between func() bool) error {
	w.source = src
	if l, ok := src.(capture.Lender); ok {
		w.lent = true
		l.Lend(w.exchange)
	}
	end := w.start()
	err := w.run(w.processor(), &w.options, between)
	end()
	return w.failure.orError(err)
}

// handleFault implements processor, for faults in the goroutine that calls Run. No
// frame causes a fault in sending or delivering batches. Such a fault ends the run: a
// batch that was sent to some of its shards must not be filled or sent again.
func (w *Workers) handleFault(f *Fault) bool {
	if !w.decoding {
		return false
	}
	w.decoding = false
	w.faults.add(&w.options, f)
	w.decoder.Clear()
	if w.dnsTable != nil {
		w.dnsTable.Clear()
	}
	return true
}

// start starts the shards, and returns the function that ends them. It ends connections
// that are still open, and delivers all findings. After a panic in deliver itself, a
// shard may wait forever. Then end leaves all shards as they are: a process that fails
// is started again, one that hangs is not.
func (w *Workers) start() (end func()) {
	var running sync.WaitGroup
	for _, s := range w.shards {
		running.Add(1)
		go func() {
			defer running.Done()
			s.run()
		}()
	}
	return func() {
		defer w.failure.catch()
		if w.delivering {
			return
		}
		it := w.filling.next()
		it.kind, it.sweep, it.now, it.packet.Time = endItem, false, w.time(), w.frame.Time
		w.filling.add()
		w.drain()
		for _, s := range w.shards {
			close(s.batches)
		}
		running.Wait()
	}
}

// idle delivers all batches while no frame comes, and lets flows and conversations time
// out: see Sensor.idle.
func (w *Workers) idle() {
	w.drain()
	if !w.options.Live || !w.helloSeen() {
		return
	}
	now := time.Now().UnixNano()
	if w.clock.Pass(now) {
		it := w.filling.next()
		it.kind, it.sweep, it.now, it.packet.Time = timeItem, true, w.clock.Now(), now
		w.filling.add()
	}
	if w.datagramClock.Pass(now) {
		w.addDatagramTime(now)
	}
	w.drain()
}

// helloSeen reports whether any shard has seen a hello. It must be called only while
// all of them are idle.
func (w *Workers) helloSeen() bool {
	for _, s := range w.shards {
		if s.helloSeen() {
			return true
		}
	}
	return false
}

// Process decodes a frame into the batch, and sends the batch when it is full.
func (w *Workers) Process(f *capture.Frame) {
	w.decoding = true
	it := w.filling.next()
	w.take(f, it, w.decoder.Decode(f, &it.packet))
	w.decoding = false
	if w.filling.full(f.Time) {
		w.dispatch()
	}
}

// take puts a decoded packet into the batch, and reports whether it has to be there.
func (w *Workers) take(f *capture.Frame, it *item, r decode.Result) (added bool) {
	p := &it.packet
	switch r {
	case decode.Segment:
		return w.segment(it)
	case decode.Datagram:
		return w.datagram(it)
	case decode.UnknownLink:
		w.unknownLinks.report(&w.options, f)
	case decode.Disbelieved:
		w.tunnels.reportDisbelieved(&w.options, p)
	default:
		if p.Anomalies != 0 {
			it.kind, it.sweep, it.owner = oddItem, false, w.shardOf(p)
			w.filling.add()
			return true
		}
	}
	return false
}

// segment puts a TCP segment into the batch. Of acknowledgements without data, only
// those at which all shards check for silence are put in, as a time.
func (w *Workers) segment(it *item) (added bool) {
	p := &it.packet
	it.sweep = w.clock.Tick(p.Time)
	it.now, it.claimed, it.kind = w.clock.Now(), w.clock.Claimed(), w.segments
	if it.sweep && w.dnsTable != nil {
		w.dnsTable.Sweep(it.now)
	}
	countCut(&w.unseen, p)
	if flow.Bare(p) {
		w.bare++
		if it.kind = timeItem; it.sweep {
			w.filling.add()
		}
		return it.sweep
	}
	it.owner = w.shardOf(p)
	if w.dnsTable != nil && isDNS(p) {
		seen := *p
		w.add(p)
		w.dnsSegment = &seen
		w.dnsTable.PushAt(it.now, it.claimed, &seen)
		return true
	}
	w.add(p)
	return true
}

// shardOf is the number of the shard that has the packet's connection.
func (w *Workers) shardOf(p *decode.Packet) int { return flow.ShardOf(p, len(w.shards)) }

// add puts the next item into the batch. It copies the payload, unless that is in a
// buffer that the source lends.
func (w *Workers) add(p *decode.Packet) {
	if !w.lent || !within(w.frame.Data, p.Payload) {
		p.Payload = w.filling.copyPayload(p.Payload)
	}
	w.filling.add()
}

// within reports whether part is a view into whole. The payload of a packet that came
// in fragments is not: it is in a buffer of the decoder.
func within(whole, part []byte) bool {
	from, at := uintptr(unsafe.Pointer(unsafe.SliceData(whole))), uintptr(unsafe.Pointer(unsafe.SliceData(part)))
	return at >= from && at+uintptr(len(part)) <= from+uintptr(len(whole))
}

// Open implements flow.Handler for DNS over TCP.
func (w *Workers) Open(p *decode.Packet, d flow.Dir, _ flow.Opener) flow.Consumer {
	if !beginsDNS(p) || !w.tunnels.believesDNS(p) {
		return nil
	}
	return &dnsStream{onMessage: w.addMessage, ends: endsOf(p, d)}
}

// Greets implements flow.Handler.
func (w *Workers) Greets([]byte) bool { return false }

// addMessage puts a DNS message that came over TCP into the batch, as if it had come in
// a datagram.
func (w *Workers) addMessage(_, _ netip.AddrPort, msg []byte) {
	it := w.filling.next()
	it.packet, it.kind, it.sweep = *w.dnsSegment, messageItem, false
	it.packet.Payload, it.packet.Missing = w.filling.copyPayload(msg), 0
	w.filling.add()
	if w.filling.full(w.dnsSegment.Time) {
		w.decoding = false
		w.dispatch()
		w.decoding = true
	}
}

// exchange keeps a buffer of the source with the batch, whose payloads are views into
// it, and returns another one for the source. See capture.Lender.
func (w *Workers) exchange(old []byte) []byte {
	w.filling.buffers = append(w.filling.buffers, old)
	for n := len(w.freeBuffers); n > 0; n = len(w.freeBuffers) {
		b := w.freeBuffers[n-1]
		w.freeBuffers = w.freeBuffers[:n-1]
		if len(b) >= len(old) {
			return b
		}
	}
	return make([]byte, len(old))
}

// Now is the same as Sensor.Now, for a function that takes a finding: it is the time of
// the packet that led to this one. While no packet waits, it is that of the last packet.
func (w *Workers) Now() int64 {
	if len(w.inFlight) == 0 && len(w.filling.items) == 0 {
		return w.time()
	}
	return w.judged
}

// time is the time of all packets so far.
func (w *Workers) time() int64 { return max(w.clock.Now(), w.datagramClock.Now()) }

// Stats returns the counts so far. It waits for the shards. If delivering has failed,
// it does not, and leaves out their counts.
func (w *Workers) Stats() Stats {
	shards := w.shards
	if w.delivering {
		shards = nil
	} else {
		w.drain()
	}
	st := w.judge.stats
	st.First, st.Last, st.Time, st.Decode, st.Faults = w.first, w.last, w.frame.Time, w.decoder.Stats(), uint64(w.faults)
	for _, s := range shards {
		of := s.Sensor.Stats()
		st.add(&of)
	}
	st.Flow.Segments += w.bare
	st.Unnamed = w.judge.unnamed.List()
	st.Unseen.Add(&w.unseen)
	own := w.tunnels.list(new(blind.AddressCounter))
	st.Tunnels.Add(&own)
	if w.source != nil {
		st.Source = w.source.Stats()
	}
	return st
}
