package sensor

import (
	"net/netip"
	"sync"
	"time"
	"unsafe"

	"tlsfloor/capture"
	"tlsfloor/capture/decode"
	"tlsfloor/capture/flow"
	"tlsfloor/cmd/internal/blind"
)

// Workers reads one source with several sensors, the shards, a goroutine each.
// The goroutine that calls Run reads, decodes and shares the packets out by
// connection. When the shards are done with a batch it goes through it once more
// in the order of the packets: it learns from the DNS messages, and names, judges
// and delivers what was found. So there is one store of names, which sees what
// it would see of one Sensor, each message once; nobody locks anything, and only
// this goroutine calls Report, Deliver and Emit.
//
// What comes out is what one Sensor finds, but for the order, as long as no
// table of connections is full: all shards go by one clock. Reading a capture
// again gives the same order.
type Workers struct {
	reading
	options Options
	judge   *Sensor // names, judges and counts: it has no table
	decoder *decode.Decoder
	shards  []*shard
	lent    bool // the source lends its frames

	taking     bool // a frame is being decoded
	delivering bool // a batch is being delivered; after Run: that has failed
	faults     faults
	clock      flow.Clock
	bare       uint64         // segments that no shard was shown
	unseen     blind.Unseen   // what this goroutine counts of it
	resolver   *flow.Table    // DNS over TCP; nil: nobody wants names
	dns        *decode.Packet // the segment of it at hand
	unknown    links
	tunnels    tunnels // what this goroutine counts of them

	filling *batch
	flying  []*batch // not delivered, the oldest first
	unused  []*batch
	spare   [][]byte // buffers for the source
}

// resolverFlows and resolverBytes bound DNS over TCP.
const (
	resolverFlows = 4096
	resolverBytes = 4 << 20
)

// NewWorkers makes a shard of each of the options. o is what the goroutine that
// calls Run goes by. The others are the same but for what one goroutine uses at a
// time: Policy and Tally. A shard tallies what will only be counted: see
// Options.Tally.
func NewWorkers(o Options, each []Options) *Workers {
	n := new(failure)
	o = n.guard(o)
	w := &Workers{
		reading: reading{failure: n}, options: o, judge: &Sensor{options: o}, decoder: decode.New(o.Decode),
		filling: newBatch(len(each)), unknown: links{},
	}
	for i := range each {
		w.shards = append(w.shards, newShard(i, each[i], n))
	}
	if w.options.Names != nil {
		w.resolver = flow.NewTable(w, flow.Options{MaxFlows: resolverFlows, MaxBytes: resolverBytes})
	}
	return w
}

// Run is Sensor.Run.
func (w *Workers) Run(src capture.Source, between func() bool) error {
	w.source = src
	if l, ok := src.(capture.Lender); ok {
		w.lent = true
		l.Lend(w.exchange)
	}
	end := w.start()
	err := w.run(w, &w.options, between)
	end()
	return w.failure.over(err)
}

// survives implements processor, for what the goroutine of Run does with a frame.
// Sending batches and delivering them is no frame's fault: a batch that has been
// sent halfway must not be filled, or sent, again.
func (w *Workers) survives(f *Fault) bool {
	if !w.taking {
		return false
	}
	w.taking = false
	w.faults.note(&w.options, f)
	w.decoder.Clear()
	if w.resolver != nil {
		w.resolver.Clear()
	}
	return true
}

// start starts the shards, and returns what ends them: with the connections
// that are still open concluded, and everything delivered. After a panic in
// deliver itself a shard may wait for what never comes. All are left behind
// then: a process that fails is started again, one that hangs is not.
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
		defer w.failure.keep()
		if w.delivering {
			return
		}
		it := w.filling.next()
		it.kind, it.sweep, it.now, it.packet.Time = endItem, false, w.clock.Now(), w.frame.Time
		w.filling.add()
		w.drain()
		for _, s := range w.shards {
			close(s.batches)
		}
		running.Wait()
	}
}

// idle finishes what there is while no frame comes, and lets flows time out:
// see Sensor.idle.
func (w *Workers) idle() {
	w.drain()
	if !w.options.Live || !w.greeted() {
		return
	}
	now := time.Now().UnixNano()
	if w.clock.Pass(now) {
		it := w.filling.next()
		it.kind, it.sweep, it.now, it.packet.Time = timeItem, true, w.clock.Now(), now
		w.filling.add()
		w.drain()
	}
}

// greeted reports whether any shard has seen a hello. It is asked when all of
// them are idle.
func (w *Workers) greeted() bool {
	for _, s := range w.shards {
		if s.greeted() {
			return true
		}
	}
	return false
}

// Take decodes a frame into the batch, and sends that when it is full.
func (w *Workers) Take(f *capture.Frame) {
	w.taking = true
	w.decode(f)
	w.taking = false
	if w.filling.full(f.Time) {
		w.dispatch()
	}
}

func (w *Workers) decode(f *capture.Frame) {
	it := w.filling.next()
	p := &it.packet
	switch w.decoder.Decode(f, p) {
	case decode.Segment:
		w.segment(it)
	case decode.Datagram:
		if w.options.Names != nil && speaksDNS(p) && w.tunnels.ownQuestion(p) {
			it.kind, it.sweep = messageItem, false
			w.add(p)
		}
	case decode.UnknownLink:
		w.unknown.report(&w.options, f)
	case decode.Disbelieved:
		w.tunnels.disbelieve(&w.options, p)
	default:
		if p.Anomalies != 0 {
			it.kind, it.sweep, it.owner = oddItem, false, flow.ShardOf(p, len(w.shards))
			w.filling.add()
		}
	}
}

// segment puts a TCP segment into the batch, if it says anything.
func (w *Workers) segment(it *item) {
	p := &it.packet
	it.sweep = w.clock.Tick(p.Time)
	it.now, it.claimed, it.kind = w.clock.Now(), w.clock.Claimed(), segmentItem
	if it.sweep && w.resolver != nil {
		w.resolver.Sweep(it.now)
	}
	countCut(&w.unseen, p)
	if flow.Bare(p) {
		w.bare++
		if it.kind = timeItem; it.sweep {
			w.filling.add()
		}
		return
	}
	it.owner = flow.ShardOf(p, len(w.shards))
	if w.resolver != nil && speaksDNS(p) {
		seen := *p
		w.add(p)
		w.dns = &seen
		w.resolver.PushAt(it.now, it.claimed, &seen)
		return
	}
	w.add(p)
}

// add puts the next item into the batch, with a payload that stays.
func (w *Workers) add(p *decode.Packet) {
	if !w.lent || !within(w.frame.Data, p.Payload) {
		p.Payload = w.filling.keep(p.Payload)
	}
	w.filling.add()
}

// within reports whether part is a view into whole: the decoder has a buffer of
// its own for what came in fragments.
func within(whole, part []byte) bool {
	from, at := uintptr(unsafe.Pointer(unsafe.SliceData(whole))), uintptr(unsafe.Pointer(unsafe.SliceData(part)))
	return at >= from && at+uintptr(len(part)) <= from+uintptr(len(whole))
}

// Open implements flow.Handler for DNS over TCP.
func (w *Workers) Open(p *decode.Packet, d flow.Dir, _ flow.Opener) flow.Consumer {
	if !resolves(p) || !w.tunnels.ownQuestion(p) {
		return nil
	}
	return &resolver{message: w.message, ends: endsOf(p, d)}
}

// Greets implements flow.Handler.
func (w *Workers) Greets([]byte) bool { return false }

// message puts a DNS message that came over TCP into the batch, as if it had
// come in a datagram.
func (w *Workers) message(_, _ netip.AddrPort, msg []byte) {
	it := w.filling.next()
	it.packet, it.kind, it.sweep = *w.dns, messageItem, false
	it.packet.Payload, it.packet.Missing = w.filling.keep(msg), 0
	w.filling.add()
	if w.filling.full(w.dns.Time) {
		w.taking = false
		w.dispatch()
		w.taking = true
	}
}

// exchange takes a buffer that frames in flight are views into, and gives the
// source another.
func (w *Workers) exchange(old []byte) []byte {
	w.filling.buffers = append(w.filling.buffers, old)
	for n := len(w.spare); n > 0; n = len(w.spare) {
		b := w.spare[n-1]
		w.spare = w.spare[:n-1]
		if len(b) >= len(old) {
			return b
		}
	}
	return make([]byte, len(old))
}

// Stats returns the counts so far. It waits for the shards, unless they were left
// behind: then what they counted is left out.
func (w *Workers) Stats() Stats {
	shards := w.shards
	if w.delivering {
		shards = nil
	} else {
		w.drain()
	}
	st := w.judge.stats
	st.Time, st.Decode, st.Faults = w.frame.Time, w.decoder.Stats(), uint64(w.faults)
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
