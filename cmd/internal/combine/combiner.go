package combine

import (
	"cmp"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"tlsfloor/classify"
	"tlsfloor/cmd/internal/report"
)

// Options are the options of a Combiner.
type Options struct {
	Every time.Duration           // the length of a period
	Bytes int64                   // bounds the memory; what does not fit is sent at once, alone
	Send  func(*classify.Finding) // gets the findings, and owns them from then on
}

// Combiner combines findings. Any number of goroutines may use it; Send is called by one
// at a time.
//
// Its time is that of the capture (Advance), so that reading a capture twice gives the
// same. Several workers give the findings of one packet in another order than one does, so
// those that come at one time are sorted before they are combined.
type Combiner struct {
	options Options
	stats   stats

	mu       sync.Mutex // guards what follows
	closed   bool
	now      int64 // in nanoseconds
	together []*classify.Finding
	open     map[report.Likeness]*period
	ends     periods // all of open, the one that ends first at the beginning
	began    uint64  // periods so far
	bytes    int64   // of open and together
}

// Stats are counts.
type Stats struct {
	Held    uint64 // findings that came and were not sent yet
	Flagged uint64 // those of them that are flagged
	Alone   uint64 // findings that were sent alone, because the memory was full
}

type stats struct{ held, flagged, alone atomic.Uint64 }

// New returns a Combiner.
func New(o Options) *Combiner {
	return &Combiner{options: o, now: math.MinInt64, open: make(map[report.Likeness]*period)}
}

// Stats returns the counts. It never waits for Send.
func (c *Combiner) Stats() Stats {
	return Stats{c.stats.held.Load(), c.stats.flagged.Load(), c.stats.alone.Load()}
}

// Add takes a finding that has come now, by the time that Advance was given.
func (c *Combiner) Add(f *classify.Finding) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hold(f)
	c.together = append(c.together, f)
	if c.bytes += weigh(f); c.closed || c.bytes > c.options.Bytes {
		c.settle()
	}
}

// Advance sets the time, in nanoseconds, and ends the periods up to then. A time before
// the current one changes nothing.
func (c *Combiner) Advance(now int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.advance(now)
}

// Settle is Advance for when no more findings come at the current time: those that came
// go on at once.
func (c *Combiner) Settle(now int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.settle()
	c.advance(now)
}

// Close ends all periods. Findings that are added later are sent at once.
func (c *Combiner) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	c.settle()
	for len(c.ends) > 0 {
		c.end(c.ends[0])
	}
}

func (c *Combiner) advance(now int64) {
	if now <= c.now {
		return
	}
	c.settle()
	c.now = now
	for len(c.ends) > 0 && c.ends[0].ends <= now {
		c.end(c.ends[0])
	}
}

// settle combines the findings that came at the current time.
func (c *Combiner) settle() {
	if len(c.together) == 0 {
		return
	}
	slices.SortStableFunc(c.together, compare)
	for _, f := range c.together {
		c.bytes -= weigh(f)
		c.combine(f)
	}
	clear(c.together)
	c.together = c.together[:0]
}

func compare(a, b *classify.Finding) int {
	return cmp.Or(cmp.Compare(a.Time, b.Time), a.Client.Compare(b.Client), a.Server.Compare(b.Server))
}

// combine sends the first finding of its kind, and holds the others.
func (c *Combiner) combine(f *classify.Finding) {
	like := report.LikenessOf(f)
	p := c.open[like]
	switch {
	case p == nil:
		c.begin(like)
		c.send(f, 1)
	case !c.keep(p, f):
		c.stats.alone.Add(1)
		c.send(f, 1)
	default:
		p.series.add(f.Time)
	}
}

// begin begins a period, if there is room.
func (c *Combiner) begin(like report.Likeness) {
	p := &period{like: like, ends: after(c.now, c.options.Every), number: c.began, bytes: periodBytes + like.Bytes()}
	switch {
	case c.closed:
		return
	case c.bytes+p.bytes > c.options.Bytes:
		c.stats.alone.Add(1)
		return
	}
	c.began++
	c.bytes += p.bytes
	c.open[like] = p
	c.ends.push(p)
}

// keep makes f the last finding of a period, unless the one there is later, or f is too
// long. It returns false if there is no room for any.
func (c *Combiner) keep(p *period, f *classify.Finding) bool {
	before := int64(0)
	if p.last != nil {
		before = weigh(p.last)
	}
	more := weigh(f) - before
	switch {
	case p.last != nil && f.Time < p.last.Time:
	case c.bytes+more <= c.options.Bytes:
		c.bytes += more
		p.last = f
	}
	return p.last != nil
}

// end ends a period, and begins the next one of the same kind if there were findings: it
// is not new to anybody.
func (c *Combiner) end(p *period) {
	if p.last == nil || c.closed {
		c.ends.drop(p)
		delete(c.open, p.like)
		c.bytes -= p.bytes
	}
	f, s := p.last, p.series
	if f == nil {
		return
	}
	c.bytes -= weigh(f)
	if s.Count > 1 {
		f.Series = &classify.Series{Count: s.Count, First: s.First, Last: s.Last}
	}
	p.last, p.series = nil, series{}
	if !c.closed {
		p.ends = after(p.ends, c.options.Every)
		c.ends.sink(p)
	}
	c.send(f, s.Count)
}

// hold counts a finding that came, and send n that go.
func (c *Combiner) hold(f *classify.Finding) {
	c.stats.held.Add(1)
	if f.Flagged {
		c.stats.flagged.Add(1)
	}
}

func (c *Combiner) send(f *classify.Finding, n uint64) {
	flagged := f.Flagged // which Send may change
	c.options.Send(f)
	c.stats.held.Add(-n)
	if flagged {
		c.stats.flagged.Add(-n)
	}
}

// after returns the time so long after at. Times in captures may be any number.
func after(at int64, long time.Duration) int64 {
	if at > math.MaxInt64-int64(long) {
		return math.MaxInt64
	}
	return at + int64(long)
}
