package ship

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"tlsfloor/cmd/internal/clock"
	"tlsfloor/cmd/internal/emit/config"
	"tlsfloor/cmd/internal/emit/deliver"
	"tlsfloor/cmd/internal/emit/ownership"
	"tlsfloor/cmd/internal/emit/transport"
)

// Options say what is delivered where.
type Options struct {
	// Inputs are folders of journals, and files of native events.
	Inputs  []string
	Outputs []config.Config
	// State is the folder of the cursors. Empty: those of a journal are in its own folder,
	// and the place in a file is not kept.
	State string

	Heir   ownership.Heir // of files that root makes
	Stdout io.Writer
	Mask   *transport.Mask // is given the secrets that are read
	Dialer *transport.Dialer
	// Note is called with messages for the user, one line without its newline each, by one
	// goroutine at a time.
	Note func(line string)

	clock clock.Clock    // nil: the machine's
	pace  transport.Pace // zero: that of the output's kind
	open  func(c *config.Config, note func(string)) (transport.Transport, error)
}

// Shipper is the outputs of a process. Any number of goroutines may use it.
type Shipper struct {
	outputs []*output
	options Options
	done    chan struct{}
	end     atomic.Int64 // when to end at the latest, in Unix nanoseconds; 0: no bound
	ending  sync.Once
}

// output is one far end, with its place in the inputs.
type output struct {
	config  config.Config
	loop    *deliver.Loop
	health  *deliver.Health
	source  *source
	reports int // of damage

	ctx    context.Context // of deliveries
	cancel context.CancelFunc
}

// checkTime bounds the check of all far ends at the start.
const checkTime = 3 * time.Second

// Open opens inputs and outputs. It fails for what does not pass by itself: a cursor that
// another process uses, a secret that is missing or rejected, a certificate that is not
// trusted. A far end that cannot be reached is reported, and tried again later.
func Open(o Options) (*Shipper, error) {
	if o.clock == nil {
		o.clock = clock.System{}
	}
	o.Note = serialized(o.Note)
	s := &Shipper{options: o, done: make(chan struct{})}
	err := s.open()
	if err == nil {
		err = s.check()
	}
	if err != nil {
		return nil, errors.Join(err, s.abort())
	}
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

func (s *Shipper) open() error {
	seen := map[string]bool{}
	for i := range s.options.Outputs {
		c := &s.options.Outputs[i]
		if seen[c.Identity()] {
			return fmt.Errorf("%s is given twice", c.Name())
		}
		seen[c.Identity()] = true
		o, err := s.newOutput(c)
		if err != nil {
			return fmt.Errorf("%s: %w", c.Name(), err)
		}
		s.outputs = append(s.outputs, o)
	}
	return nil
}

func (s *Shipper) newOutput(c *config.Config) (*output, error) {
	o := &output{config: *c, health: deliver.NewHealth(s.options.clock, c.Name(), s.options.Note)}
	o.ctx, o.cancel = context.WithCancel(context.Background())
	pace := s.options.pace
	if pace == (transport.Pace{}) {
		pace = c.Pace()
	}
	inputs, err := s.openInputs(c)
	if err != nil {
		return nil, err
	}
	o.source = &source{
		clock: s.options.clock, config: &o.config, pace: pace, inputs: inputs,
		wake: make(chan struct{}, 1), trouble: o.trouble,
	}
	if o.source.coder, err = newEncoder(c.Format); err != nil {
		return nil, errors.Join(err, o.source.close())
	}
	o.source.next.Store(inputs[0].at.Event)
	to, err := s.transport(c, o.health.Report)
	if err != nil {
		return nil, errors.Join(err, o.source.close())
	}
	o.loop = deliver.New(deliver.Options{
		Source: o.source, Transport: to, Pace: pace, Health: o.health, Clock: s.options.clock,
		Random: rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())), Damaged: o.reportLoss, GaveUp: o.giveUp,
	})
	return o, nil
}

func (s *Shipper) transport(c *config.Config, note func(string)) (transport.Transport, error) {
	if s.options.open != nil {
		return s.options.open(c, note)
	}
	return c.Open(config.Run{Live: true, Heir: s.options.Heir, Stdout: s.options.Stdout, Mask: s.options.Mask, Dialer: s.options.Dialer, Note: note})
}

// check checks all far ends at once.
func (s *Shipper) check() error {
	ctx, cancel := context.WithTimeout(context.Background(), checkTime)
	defer cancel()
	return s.each(func(o *output) error { return o.loop.Check(ctx) })
}

// each calls f with each output, at once, so that one that hangs does not delay the others.
func (s *Shipper) each(f func(*output) error) error {
	errs := make([]error, len(s.outputs))
	var all sync.WaitGroup
	for i, o := range s.outputs {
		all.Add(1)
		go func() {
			defer all.Done()
			errs[i] = f(o)
		}()
	}
	all.Wait()
	return errors.Join(errs...)
}

// abort closes what Open opened before it failed.
func (s *Shipper) abort() error {
	return s.each(func(o *output) error {
		o.cancel()
		return errors.Join(o.loop.Transport.Close(), o.source.close())
	})
}

// Start begins to deliver.
func (s *Shipper) Start() {
	for _, o := range s.outputs {
		o.loop.Start(o.ctx)
	}
	go s.awaitEnd()
}

// Reopen opens files again, reads secrets and certificates again, and retries failed
// deliveries at once: SIGHUP asks for it. It waits for the disk.
func (s *Shipper) Reopen() error {
	return s.each(func(o *output) error {
		defer o.loop.RetryNow()
		if err := o.loop.Transport.Reopen(); err != nil {
			return fmt.Errorf("%s: %w", o.config.Name(), err)
		}
		return nil
	})
}

// Stats returns the counts of the outputs. It is cheap.
func (s *Shipper) Stats() []Output {
	all := make([]Output, len(s.outputs))
	for i, o := range s.outputs {
		all[i] = Output{
			Name: o.config.Name(), Counts: o.loop.Counts(), Lost: o.source.lost.Load(), Next: o.source.next.Load(),
			Failure: o.health.Failure(),
		}
	}
	return all
}

// Needs returns what the outputs need after Open.
func (s *Shipper) Needs() config.Needs {
	var n config.Needs
	for _, o := range s.outputs {
		o.config.AddNeeds(&n)
	}
	return n
}
