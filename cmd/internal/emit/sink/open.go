package sink

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"time"

	"tlsfloor/classify/event"
	"tlsfloor/classify/event/lines"
	"tlsfloor/cmd/internal/clock"
	"tlsfloor/cmd/internal/emit/config"
	"tlsfloor/cmd/internal/emit/deliver"
	"tlsfloor/cmd/internal/emit/ownership"
	"tlsfloor/cmd/internal/emit/transport"
)

// Options are common to all outputs of a Set.
type Options struct {
	// Live is for packets from interfaces, which do not wait: Send never blocks, and
	// events that do not fit are dropped and counted. Without it Send waits for room,
	// and encodes the queue itself when it is full.
	Live bool
	// Inline makes the queue short, so that Send encodes nearly always. It is for a
	// single sender that is not live: another processor would have to fetch what this
	// one has just written, cache line by cache line.
	Inline bool
	Sensor event.Sensor
	Stdout io.Writer // Close does not close it
	Heir   ownership.Heir
	// Style is how lines of text look. Colours are for Stdout.
	Style lines.Style
	// Mask is given the secrets that are read, so that messages do not show them. It
	// may be nil.
	Mask *transport.Mask
	// Note is called with messages for the user, one line without its newline each. It
	// is called by one goroutine at a time, and must not call the Set.
	Note func(line string)
	// Grace is how long Close waits for an output that makes no progress; 0: five
	// seconds. For standard output and files, a run that is not live waits without
	// end.
	Grace time.Duration
	// Memory bounds the events that wait in memory for each output, in bytes; 0: 4 MiB.
	Memory int
	// Seed is for the jitter between attempts; 0: a random one.
	Seed uint64

	clock        clock.Clock                              // nil: the machine's
	pace         transport.Pace                           // zero: that of the output's kind
	newTransport func(*config.Config) transport.Transport // nil: what the output's kind says
}

const (
	// defaultGrace is shorter than the 90 seconds that systemd gives a service to stop.
	defaultGrace = 5 * time.Second
	// defaultMemory holds about 4000 events.
	defaultMemory = 4 << 20
)

func (o *Options) complete() {
	if o.clock == nil {
		o.clock = clock.System{}
	}
	if o.Note == nil {
		o.Note = func(string) {}
	}
	if o.Grace == 0 {
		o.Grace = defaultGrace
	}
	if o.Memory == 0 {
		o.Memory = defaultMemory
	}
	if o.Seed == 0 {
		o.Seed = rand.Uint64()
	}
}

// checkTime bounds the check of all far ends at the start.
const checkTime = 3 * time.Second

// Open opens the outputs. It fails for what does not pass by itself: a file that
// cannot be written, a secret that is missing or rejected, a certificate that is not
// trusted. A far end that cannot be reached is reported, and tried again later.
func Open(configs []config.Config, options Options) (*Set, error) {
	options.complete()
	options.Note = serialized(options.Note)
	s := &Set{
		options: options, gatherTime: gatherTime, length: queueLength, sent: make(chan struct{}, 1), wake: make(chan struct{}, 1),
		closing: make(chan struct{}), done: make(chan struct{}),
	}
	switch {
	case options.Live:
		s.gatherTime, s.length = liveGatherTime, liveQueueLength
	case options.Inline:
		s.length = inlineLength
	}
	err := s.open(configs)
	if err == nil {
		err = s.check()
	}
	if err != nil {
		return nil, join(err, s.abort())
	}
	for _, o := range s.outputs {
		o.start()
	}
	go s.run()
	return s, nil
}

func serialized(note func(string)) func(string) {
	var mu sync.Mutex
	return func(line string) {
		mu.Lock()
		defer mu.Unlock()
		note(line)
	}
}

func (s *Set) open(configs []config.Config) error {
	seen := map[string]bool{}
	for i, c := range configs {
		if seen[c.Identity()] {
			return fmt.Errorf("%s is given twice", c.Name())
		}
		seen[c.Identity()] = true
		o, err := s.newOutput(c, uint64(i))
		if err != nil {
			return fmt.Errorf("%s: %w", c.Name(), err)
		}
		s.outputs = append(s.outputs, o)
	}
	return nil
}

func (s *Set) newOutput(c config.Config, i uint64) (*output, error) {
	style := s.options.Style
	style.Color = style.Color && c.IsStdout()
	if _, err := lines.ParseFormat(c.Format, s.options.Sensor, style); err != nil {
		return nil, err
	}
	o := &output{
		config: c, clock: s.options.clock, health: deliver.NewHealth(s.options.clock, c.Name(), s.options.Note),
	}
	o.ctx, o.cancel = context.WithCancel(context.Background())
	o.gaveUp = func(error) { s.reportGivenUp(o) }
	to, err := s.transport(&c, o.health.Report)
	if err != nil {
		return nil, err
	}
	pace := s.options.pace
	if pace == (transport.Pace{}) {
		pace = c.Pace()
	}
	o.backlog = (&backlog{
		clock: s.options.clock, limit: s.options.Memory, chunk: min(pace.Chunk, s.options.Memory),
		linger: pace.Linger, dropWhenFull: s.options.Live,
		newFormat: func() event.Format {
			format, _ := lines.ParseFormat(c.Format, s.options.Sensor, style) // there is one of this name
			return format
		},
	}).init()
	o.loop = deliver.New(deliver.Options{
		Source: o.backlog, Transport: to, Pace: pace, Health: o.health, Clock: s.options.clock,
		Random: rand.New(rand.NewPCG(s.options.Seed, i)), GaveUp: o.giveUp,
	})
	return o, nil
}

// transport opens the transport for an output.
func (s *Set) transport(c *config.Config, note func(string)) (transport.Transport, error) {
	if s.options.newTransport != nil {
		return s.options.newTransport(c), nil
	}
	return c.Open(config.Run{
		Host: s.options.Sensor.Host, Live: s.options.Live, Stdout: s.options.Stdout, Mask: s.options.Mask, Heir: s.options.Heir, Note: note,
	})
}

// check checks all far ends at once.
func (s *Set) check() error {
	ctx, cancel := context.WithTimeout(context.Background(), checkTime)
	defer cancel()
	errs := make([]error, len(s.outputs))
	var all sync.WaitGroup
	for i, o := range s.outputs {
		all.Add(1)
		go func() {
			defer all.Done()
			errs[i] = o.loop.Check(ctx)
		}()
	}
	all.Wait()
	return join(errs...)
}

// abort closes what Open opened before it failed.
func (s *Set) abort() error {
	var errs []error
	for _, o := range s.outputs {
		o.cancel()
		errs = append(errs, o.loop.Transport.Close())
	}
	return join(errs...)
}

// Needs returns what the outputs need after Open.
func (s *Set) Needs() config.Needs {
	var n config.Needs
	for _, o := range s.outputs {
		o.config.AddNeeds(&n)
	}
	return n
}
