package config

import (
	"io"
	"time"

	"tlsfloor/classify/event/lines"
	"tlsfloor/cmd/internal/emit/ownership"
	"tlsfloor/cmd/internal/emit/transport"
	"tlsfloor/cmd/internal/emit/transport/file"
	"tlsfloor/cmd/internal/emit/transport/local"
	"tlsfloor/cmd/internal/emit/transport/post"
	"tlsfloor/cmd/internal/emit/transport/sigv4"
	"tlsfloor/cmd/internal/emit/transport/syslog"
)

// Run is what the outputs of a run share.
type Run struct {
	Host   string // of events that do not name theirs
	Live   bool   // packets do not wait
	Stdout io.Writer
	Mask   *transport.Mask // is given the secrets that are read; may be nil
	Dialer *transport.Dialer
	Heir   ownership.Heir // of files and folders that root makes
	// Note is called with messages for the user about this output.
	Note func(line string)
}

// Open opens the output's transport.
func (c *Config) Open(r Run) (transport.Transport, error) {
	if r.Mask == nil {
		r.Mask = new(transport.Mask)
	}
	header := syslog.Header{Facility: c.facility, Host: r.Host}
	web := post.Options{URL: c.url, Dialer: r.Dialer, TLS: c.tls, Mask: r.Mask, Note: r.Note}
	switch c.kind {
	case stdout:
		return &local.Stdout{Writer: r.Stdout, Early: r.Live, Header: lines.Header(c.Format)}, nil
	case toFile:
		options := c.file
		options.Note, options.Format, options.Heir = r.Note, c.Format, r.Heir
		return file.Open(options)
	case toJournal:
		options := c.journal
		options.Note, options.Heir, options.Mode, options.Wait = r.Note, r.Heir, c.file.Mode, !r.Live
		return local.OpenJournal(options)
	case socket:
		return &local.Socket{Path: c.path, Header: lines.Header(c.Format)}, nil
	case syslogUDP:
		return &syslog.UDP{Dialer: r.Dialer, Address: c.address, Header: header, Note: r.Note}, nil
	case syslogTCP:
		return &syslog.TCP{Dialer: r.Dialer, Address: c.address, Header: header, Framing: c.framing}, nil
	case syslogTLS:
		t := &syslog.TCP{Dialer: r.Dialer, Address: c.address, Header: header, Framing: c.framing, TLS: &c.tls}
		return t, t.Reopen()
	case splunkHTTP, splunkHTTPS:
		splunk := c.splunk
		splunk.Host, splunk.Text = r.Host, !lines.IsJSON(c.Format)
		return post.NewSplunk(web, splunk)
	}
	if c.signed.Region != "" {
		signer, err := sigv4.New(c.signed, web.Dialer, r.Mask)
		if err != nil {
			return nil, err
		}
		web.Signer = signer
	}
	return post.NewElastic(web, c.elastic)
}

// silenceTime is after how long a far end that does nothing is reported. It leaves time
// to report it within ten seconds.
const silenceTime = 8 * time.Second

// Pace returns the pace for this kind of output. Over TCP, TLS and HTTP each batch
// costs a connection or a request, so it waits to be full; elsewhere it need not.
func (c *Config) Pace() transport.Pace {
	switch c.kind {
	case stdout, toFile, toJournal:
		return transport.Pace{Chunk: 256 << 10, Min: 100 * time.Millisecond, Max: 2 * time.Second}
	case socket:
		return transport.Pace{Chunk: 64 << 10, Min: 100 * time.Millisecond, Max: 2 * time.Second, Silence: silenceTime}
	}
	p := transport.Pace{Chunk: 512 << 10, Linger: time.Second / 2, Min: 250 * time.Millisecond, Max: 30 * time.Second, Silence: silenceTime}
	switch c.kind {
	case syslogUDP:
		p.Chunk, p.Linger = 1<<20, 0
	case syslogTCP, syslogTLS:
		p.Chunk = 2 << 20 // each batch takes 60 to 130 ms: 10,000 events a second need some 1,300 in one
	}
	return p
}
