package sink

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"tlsfloor/cmd/internal/emit/spool"
	"tlsfloor/cmd/internal/emit/transport"
)

// checkTime bounds the look at all far ends at the start.
const checkTime = 3 * time.Second

// Open opens the outputs, and fails for what waiting does not cure: a file that
// cannot be written, a secret that is not there or not accepted, a certificate
// that is not trusted. A far end that cannot be reached now is said, and waited
// for.
func Open(configs []Config, options Options) (*Set, error) {
	options.complete()
	options.Note = oneAtATime(options.Note)
	s := &Set{
		options: options, gathering: gathering, length: queueLength, called: make(chan struct{}, 1), wake: make(chan struct{}, 1),
		closing: make(chan struct{}), done: make(chan struct{}),
	}
	switch {
	case options.Live:
		s.gathering, s.length = liveGathering, liveQueueLength
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
	s.sayAbandoned()
	for _, o := range s.outputs {
		o.start()
	}
	go s.run()
	return s, nil
}

func oneAtATime(note func(string)) func(string) {
	var mu sync.Mutex
	return func(line string) {
		mu.Lock()
		defer mu.Unlock()
		note(line)
	}
}

func (s *Set) open(configs []Config) error {
	seen := map[string]bool{}
	for i, c := range configs {
		if seen[c.identity()] {
			return fmt.Errorf("%s is there twice", c.Name())
		}
		seen[c.identity()] = true
		o, err := s.newOutput(c, uint64(i))
		if err != nil {
			return fmt.Errorf("%s: %w", c.Name(), err)
		}
		s.outputs = append(s.outputs, o)
	}
	return nil
}

// sayAbandoned says which spools hold events of outputs that are not configured
// any more: nobody sends them.
func (s *Set) sayAbandoned() {
	seen := map[string]bool{}
	for _, o := range s.outputs {
		folder := o.config.Spool
		if o.backlog.spool == nil || seen[folder] {
			continue
		}
		seen[folder] = true
		entries, _ := os.ReadDir(folder) // which could be opened a moment ago
		for _, e := range entries {
			if path := filepath.Join(folder, e.Name()); e.IsDir() && spool.IsAbandoned(path) {
				s.options.Note(path + " holds events of an output that is not there any more")
			}
		}
	}
}

// check looks at all far ends at once.
func (s *Set) check() error {
	ctx, cancel := context.WithTimeout(context.Background(), checkTime)
	defer cancel()
	errs := make([]error, len(s.outputs))
	var all sync.WaitGroup
	for i, o := range s.outputs {
		all.Add(1)
		go func() {
			defer all.Done()
			errs[i] = o.check(ctx)
		}()
	}
	all.Wait()
	return join(errs...)
}

// check returns an error that waiting does not cure, and says another.
func (o *output) check(ctx context.Context) error {
	err := o.transport.Check(ctx)
	if err == nil {
		return nil
	}
	if transport.ClassOf(err) == transport.Misconfigured {
		return fmt.Errorf("%s: %w", o.config.Name(), err)
	}
	o.trouble.begins(err)
	o.backlog.setAway(true)
	return nil
}

// abort closes what Open has opened before it failed.
func (s *Set) abort() error {
	var errs []error
	for _, o := range s.outputs {
		o.cancel()
		errs = append(errs, o.transport.Close())
		if o.backlog.spool != nil {
			errs = append(errs, o.backlog.spool.Close())
		}
	}
	return join(errs...)
}
