package sink

import (
	"io"
	"math/rand/v2"
	"time"

	"tlsfloor/classify/event"
	"tlsfloor/cmd/internal/clock"
	"tlsfloor/cmd/internal/emit/transport"
)

// Options are what all outputs share.
type Options struct {
	// Live says that the events are of packets that do not wait: Send never
	// blocks, and what finds no room is counted. Else Send waits, and encodes what
	// was sent when the queue is full.
	Live bool
	// Inline makes that queue short: for one sender, since what a processor has
	// just written costs another a wait for each line. It is for runs that are not
	// live.
	Inline bool
	Sensor event.Sensor
	Stdout io.Writer // is not closed
	// Mask is told the secrets that are read, and hides them in what servers say;
	// nil: nobody shows them to a person.
	Mask *transport.Mask
	// Note is told what a person may want to know, one line without its end at
	// a time, from any goroutine. It must not call the Set.
	Note func(line string)
	// Grace is how long Close waits for an output that takes nothing; 0:
	// DefaultGrace. For standard output and files, a run that is not live waits
	// for ever.
	Grace time.Duration
	// Memory bounds the events that wait in memory for one output, in bytes;
	// 0: DefaultMemory.
	Memory int
	// Seed is of the jitter between attempts; 0: a random one.
	Seed uint64

	clock clock.Clock                       // nil: the machine's
	pace  pace                              // zero: that of the output's kind
	carry func(*Config) transport.Transport // nil: what the output's kind says
}

const (
	// DefaultGrace is less than the time that systemd gives a service to stop,
	// and than a person's patience.
	defaultGrace = 5 * time.Second
	// DefaultMemory holds some 4000 events.
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

// pace is how an output works.
type pace struct {
	chunk    int           // bytes of a batch
	linger   time.Duration // that a batch waits to be full
	min, max time.Duration // between attempts
}

// paceOf says how much is sent at once, and how often. A batch over TCP, TLS or
// HTTP costs a connection or a request; over the others a batch is as good as
// its lines alone.
func paceOf(k kind) pace {
	switch k {
	case stdout, toFile:
		return pace{256 << 10, 0, 100 * time.Millisecond, 2 * time.Second}
	case socket:
		return pace{64 << 10, 0, 100 * time.Millisecond, 2 * time.Second}
	case syslogUDP:
		return pace{64 << 10, 0, 250 * time.Millisecond, 30 * time.Second}
	case syslogTCP, syslogTLS:
		return pace{128 << 10, time.Second / 2, 250 * time.Millisecond, 30 * time.Second}
	}
	return pace{512 << 10, time.Second / 2, 250 * time.Millisecond, 30 * time.Second}
}
