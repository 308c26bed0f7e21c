package sensor

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"
	"unsafe"

	"tlsfloor/capture"
	"tlsfloor/capture/decode"
	"tlsfloor/capture/flow"
)

// Workers reads one source with several sensors, the shards, a goroutine each.
// The goroutine that calls Run reads, decodes and shares the packets out by
// connection; it alone calls Report and Deliver, and nobody locks anything.
//
// What comes out is what one Sensor finds, but for the order, as long as no
// table is full: all shards go by one clock, and each sees all of DNS at the
// place where it came. Reading a capture again gives the same order.
type Workers struct {
	options Options // of the first shard; those of the run are the same in all
	decoder *decode.Decoder
	shards  []*shard
	source  capture.Source
	lent    bool // the source lends its frames

	frame    capture.Frame
	frames   uint64 // asked for
	taking   bool   // a frame is being decoded
	faults   faults
	clock    flow.Clock
	bare     uint64         // segments that no shard was shown
	resolver *flow.Table    // DNS over TCP; nil: nobody wants names
	dns      *decode.Packet // the segment of it at hand
	unknown  links

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

// NewWorkers makes a shard of each of the options. Those of the shards differ
// in what one goroutine uses at a time: Policy, Names, Tally.
func NewWorkers(o []Options) *Workers {
	w := &Workers{options: o[0], decoder: decode.New(o[0].Decode), filling: newBatch(len(o)), unknown: links{}}
	for i := range o {
		w.shards = append(w.shards, newShard(i, o[i]))
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
	defer w.start()()
	for {
		if over, err := w.stretch(between); over {
			return err
		}
	}
}

// stretch is Run up to the next fault.
func (w *Workers) stretch(between func() bool) (over bool, err error) {
	defer func() {
		if value := recover(); value != nil {
			over, err = w.failed(newFault(value))
		}
	}()
	for {
		err := w.source.Next(&w.frame)
		w.frames++
		if err == nil {
			w.taking = true
			w.take(&w.frame)
			w.taking = false
		} else if errors.Is(err, capture.ErrTimeout) {
			w.idle()
		} else if done, err := w.options.handle(err); done {
			return true, err
		}
		if (err != nil || w.frames%256 == 0) && !between() || w.options.MaxFrames > 0 && w.frames >= w.options.MaxFrames {
			return true, nil
		}
	}
}

// failed is Sensor.failed, for what the goroutine of Run does.
func (w *Workers) failed(f *Fault) (over bool, err error) {
	if !w.taking {
		return true, f
	}
	w.taking = false
	w.faults.note(&w.options, f)
	w.decoder.Clear()
	if w.resolver != nil {
		w.resolver.Clear()
	}
	return false, nil
}

// start starts the shards, and returns what ends them: with the connections
// that are still open concluded, and everything delivered.
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
		it := w.filling.next()
		it.kind, it.sweep, it.packet.Time = endItem, false, w.frame.Time
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
	if w.clock.Tick(now) {
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
		if s.stats.ClientHellos+s.stats.ServerHellos > 0 {
			return true
		}
	}
	return false
}

// take decodes a frame into the batch.
func (w *Workers) take(f *capture.Frame) {
	it := w.filling.next()
	p := &it.packet
	switch w.decoder.Decode(f, p) {
	case decode.Segment:
		w.segment(it)
	case decode.Datagram:
		if w.options.Names != nil && (p.SrcPort == portDNS || p.DstPort == portDNS) {
			it.kind, it.sweep = messageItem, false
			w.add(p)
		}
	case decode.UnknownLink:
		w.unknown.report(&w.options, f)
	}
	if w.filling.full(f.Time) {
		w.dispatch()
	}
}

// segment puts a TCP segment into the batch, if it says anything.
func (w *Workers) segment(it *item) {
	p := &it.packet
	it.sweep = w.clock.Tick(p.Time)
	it.now, it.kind = w.clock.Now(), segmentItem
	if it.sweep && w.resolver != nil {
		w.resolver.Sweep(it.now)
	}
	if flow.Bare(p) {
		w.bare++
		if it.kind = timeItem; it.sweep {
			w.filling.add()
		}
		return
	}
	it.owner = flow.ShardOf(p, len(w.shards))
	if w.resolver != nil && (p.SrcPort == portDNS || p.DstPort == portDNS) {
		seen := *p
		w.add(p)
		w.dns = &seen
		w.resolver.PushAt(it.now, &seen)
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
	if !resolves(p) {
		return nil
	}
	return &resolver{message: w.message, ends: endsOf(p, d)}
}

// message puts a DNS message that came over TCP into the batch, as if it had
// come in a datagram.
func (w *Workers) message(_, _ netip.AddrPort, msg []byte) {
	it := w.filling.next()
	it.packet, it.kind, it.sweep = *w.dns, messageItem, false
	it.packet.Payload, it.packet.Missing = w.filling.keep(msg), 0
	w.filling.add()
	if w.filling.full(w.dns.Time) {
		w.dispatch()
	}
}

// dispatch sends the batch to the shards that have work in it, and takes
// another. It delivers what is done, and waits when too much is not.
func (w *Workers) dispatch() {
	b := w.filling
	w.flying = append(w.flying, b)
	w.send(b)
	for len(w.flying) >= batchesInFlight || len(w.flying) > 0 && len(w.flying[0].done) > 0 {
		w.deliver()
	}
	if n := len(w.unused); n > 0 {
		w.filling, w.unused = w.unused[n-1], w.unused[:n-1]
	} else {
		w.filling = newBatch(len(w.shards))
	}
}

func (w *Workers) send(b *batch) {
	work := int32(0)
	for _, turn := range b.turns {
		if len(turn) > 0 {
			work++
		}
	}
	if b.left.Store(work); work == 0 {
		b.done <- struct{}{}
		return
	}
	for i, turn := range b.turns {
		if len(turn) > 0 {
			w.shards[i].batches <- b
		}
	}
}

// deliver waits for the oldest batch, and delivers what was found in it.
func (w *Workers) deliver() {
	b := w.flying[0]
	<-b.done
	w.flying = append(w.flying[:0], w.flying[1:]...)
	b.deliver(w.options.Deliver)
	for _, f := range slices.Concat(b.faults...) {
		w.faults.note(&w.options, f)
	}
	w.spare = append(w.spare, b.buffers...)
	b.reset()
	w.unused = append(w.unused, b)
}

// drain sends what there is, and waits until all of it is delivered.
func (w *Workers) drain() {
	if len(w.filling.items) > 0 {
		w.dispatch()
	}
	for len(w.flying) > 0 {
		w.deliver()
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

// Stats returns the counts so far. It waits for the shards.
func (w *Workers) Stats() Stats {
	w.drain()
	st := Stats{Time: w.frame.Time, Decode: w.decoder.Stats(), Faults: uint64(w.faults)}
	for _, s := range w.shards {
		of := s.Sensor.Stats()
		st.add(&of)
	}
	st.Flow.Segments += w.bare
	if w.source != nil {
		st.Source = w.source.Stats()
	}
	return st
}

// links are the sources whose link type was reported.
type links map[string]bool

func (l links) report(o *Options, f *capture.Frame) {
	if l[f.Source] {
		return
	}
	l[f.Source] = true
	o.Report(&capture.InputError{Name: f.Source, Err: fmt.Errorf("frames of %s cannot be read: not a link type that tlsfloor knows", f.Link)})
}
