package sink

import (
	"context"
	"fmt"
	"math/rand/v2"

	"tlsfloor/classify/event"
	"tlsfloor/cmd/internal/emit/spool"
	"tlsfloor/cmd/internal/emit/transport"
	"tlsfloor/cmd/internal/emit/transport/file"
	"tlsfloor/cmd/internal/emit/transport/post"
	"tlsfloor/cmd/internal/emit/transport/stream"
	"tlsfloor/cmd/internal/emit/transport/syslog"
)

func (s *Set) newOutput(c Config, i uint64) (*output, error) {
	o := &output{
		config: c, clock: s.options.clock, pace: s.options.pace, random: rand.New(rand.NewPCG(s.options.Seed, i)),
		trouble: trouble{clock: s.options.clock, name: c.Name(), note: s.options.Note},
		poked:   make(chan struct{}, 1), quit: make(chan struct{}),
		delivered: make(chan struct{}), spilled: make(chan struct{}),
	}
	if o.pace == (pace{}) {
		o.pace = paceOf(c.kind)
	}
	o.died = func(error) { s.died(o) }
	o.ctx, o.cancel = context.WithCancel(context.Background())
	if _, err := event.ParseFormat(c.Format, s.options.Sensor); err != nil {
		return nil, err
	}
	newFormat := func() event.Format {
		format, _ := event.ParseFormat(c.Format, s.options.Sensor) // there is one of this name
		return format
	}
	var err error
	if o.transport, err = s.transport(c, o.trouble.say); err != nil {
		return nil, err
	}
	o.backlog = (&backlog{
		clock: s.options.clock, newFormat: newFormat, limit: s.options.Memory, chunk: min(o.pace.chunk, s.options.Memory),
		linger: o.pace.linger, live: s.options.Live,
	}).init()
	return o, s.openSpool(o)
}

// transport opens what carries the output's lines.
func (s *Set) transport(c Config, note func(string)) (transport.Transport, error) {
	if s.options.carry != nil {
		return s.options.carry(&c), nil
	}
	header := syslog.Header{Facility: c.facility, Host: s.options.Sensor.Host}
	web := post.Options{URL: c.url, TLS: c.tls, Mask: s.options.Mask, Note: note}
	switch c.kind {
	case stdout:
		return &stream.Output{Writer: s.options.Stdout, Wait: s.options.Live}, nil
	case toFile:
		c.file.Note = note
		return file.Open(c.file)
	case socket:
		return &stream.Socket{Path: c.path}, nil
	case syslogUDP:
		return &syslog.Datagrams{Address: c.address, Header: header, Note: note}, nil
	case syslogTCP:
		return &syslog.Stream{Address: c.address, Header: header}, nil
	case syslogTLS:
		t := &syslog.Stream{Address: c.address, Header: header, TLS: &c.tls}
		return t, t.Reopen()
	case splunkHTTP, splunkHTTPS:
		c.splunk.Host = s.options.Sensor.Host
		return post.NewSplunk(web, c.splunk)
	}
	return post.NewElastic(web, c.elastic)
}

// openSpool opens the output's spool, if it has one. A run over files needs
// none where it waits for what is on this machine, and must not mix an earlier
// run's events in.
func (s *Set) openSpool(o *output) error {
	if o.config.Spool == "" || !s.options.Live && o.config.isLocal() {
		return nil
	}
	opened, err := spool.Open(o.config.spoolFolder(), o.config.SpoolSize)
	if err != nil {
		return join(err, o.transport.Close())
	}
	o.backlog.spool = opened
	if n := opened.Len(); n > 0 {
		o.trouble.say(fmt.Sprintf("%d events of an earlier run go out first", n))
	}
	if n := opened.Damaged(); n > 0 {
		o.trouble.say(fmt.Sprintf("%d bytes of an earlier run's events in the spool are damaged, and left out", n))
	}
	return nil
}
