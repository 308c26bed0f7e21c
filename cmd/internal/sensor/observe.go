package sensor

import (
	"net/netip"
	"slices"

	"tlsfloor/capture/decode"
	"tlsfloor/classify"
	"tlsfloor/parse"
	"tlsfloor/parse/starttls"
)

// draft is the memory in which each finding is made and judged. Only one that
// is delivered is copied out of it, and given fingerprints: most handshakes of
// a healthy network are counted and forgotten.
type draft struct {
	finding   classify.Finding
	hello     classify.ClientHello
	answer    classify.ServerHello
	versions  []parse.Version
	anomalies []string
	names     []classify.Name
}

// finish makes the session's finding, if a hello was seen, and lets the
// session go.
func (c *session) finish(o classify.Outcome) {
	if c.hasHello || c.hasAnswer {
		f := c.observe(&c.sensor.draft, o)
		c.sensor.judge(c, f)
	}
	c.release()
}

// judge has a finding judged, counted, and delivered where it is wanted.
func (s *Sensor) judge(c *session, f *classify.Finding) {
	s.options.Policy.Judge(f)
	s.stats.Handshakes++
	if f.Flagged {
		s.stats.Flagged++
	}
	if f.InScope {
		s.stats.InScope++
	}
	if s.options.Tally != nil {
		s.options.Tally(f)
	}
	if s.options.Emit(f) {
		s.options.Deliver(c.deliverable(f))
	}
}

// observe fills d with what the session knows.
func (c *session) observe(d *draft, outcome classify.Outcome) *classify.Finding {
	d.finding = classify.Finding{}
	o := &d.finding.Observation
	o.Time, o.Source, o.Outcome = c.helloTime, c.source, outcome
	o.Client, o.Server = c.ends[c.client], c.ends[1-c.client]
	o.StartTLS = c.preamble.Protocol()
	o.Alert = c.alert()
	if c.hasHello {
		o.Hello = c.observeHello(d)
	}
	if c.hasAnswer {
		o.Answer = c.observeAnswer(d)
	}
	o.Names = c.candidates(d)
	d.anomalies = c.appendAnomalies(d.anomalies[:0])
	o.Anomalies = d.anomalies
	return &d.finding
}

func (c *session) observeHello(d *draft) *classify.ClientHello {
	h := &c.hello
	d.versions = d.versions[:0]
	if h.HasSupportedVersions {
		d.versions = h.AppendVersions(d.versions)
	}
	d.hello = classify.ClientHello{
		SNI: c.sensor.strings.of(h.ServerName), RecordVersion: c.recordVersion, LegacyVersion: h.LegacyVersion, Versions: d.versions,
		FallbackSCSV: h.FallbackSCSV(), SSLv2Format: h.SSLv2Format, ECH: h.EncryptedClientHello, EarlyData: h.EarlyData,
	}
	return &d.hello
}

func (c *session) observeAnswer(d *draft) *classify.ServerHello {
	a := &c.answer
	d.answer = classify.ServerHello{
		Version: a.SelectedVersion, Cipher: a.CipherSuite, Sentinel: a.DowngradeSentinel,
		HelloRetryRequest: c.retried, Resumed: c.resumed(),
	}
	return &d.answer
}

// resumed says how the session was resumed. A server takes a ticket without a
// word, by echoing the session id that came with it (RFC 5077, 3.4).
func (c *session) resumed() string {
	switch {
	case c.answer.PreSharedKey:
		return "psk"
	case !c.hasHello || c.answer.SelectedVersion.Rank() >= parse.TLSv13:
		return ""
	case len(c.answer.SessionID) == 0 || !slices.Equal(c.answer.SessionID, c.hello.SessionID):
		return ""
	case c.hello.SessionTicket:
		return "ticket"
	}
	return "id"
}

// candidates lists what the destination may be called, in falling order of
// trust.
func (c *session) candidates(d *draft) []classify.Name {
	d.names = d.names[:0]
	d.add(d.finding.Hello, classify.NameSNI)
	if host, _, ok := c.preamble.Target(); ok {
		d.name(host, classify.NameConnect)
	}
	d.name(c.certificate, classify.NameCertificate)
	c.sensor.lookup(d, c.openTime)
	return d.names
}

func (d *draft) add(h *classify.ClientHello, source classify.NameSource) {
	if h != nil {
		d.name(h.SNI, source)
	}
}

func (d *draft) name(host string, source classify.NameSource) {
	if host != "" {
		d.names = append(d.names, classify.Name{Host: host, Source: source})
	}
}

func (c *session) appendAnomalies(dst []string) []string {
	dst = c.oddities.appendNames(dst)
	odd := parse.Oddities(0)
	if c.hasHello {
		odd |= c.hello.Oddities
	}
	if c.hasAnswer {
		odd |= c.answer.Oddities
	}
	return odd.AppendNames(dst)
}

// deliverable copies a finding out of the draft, and adds what only a reader
// needs.
func (c *session) deliverable(f *classify.Finding) *classify.Finding {
	if !f.Flagged {
		c.sensor.options.Policy.Explain(f) // Judge has done it for those that are
	}
	own := *f
	own.Anomalies = slices.Clone(f.Anomalies)
	own.Names = slices.Clone(f.Names)
	own.VLANs, own.Tunnels = c.network.describe()
	own.Proxied.Client, own.Proxied.Server = proxied(&c.preamble)
	if f.Hello != nil {
		own.Hello = c.ownHello(f.Hello)
	}
	if f.Answer != nil {
		own.Answer = c.ownAnswer(f.Answer)
	}
	return &own
}

func (c *session) ownHello(from *classify.ClientHello) *classify.ClientHello {
	h := *from
	h.Versions = nil
	if c.hello.HasSupportedVersions {
		h.Versions = append(make([]parse.Version, 0, len(from.Versions)), from.Versions...)
	}
	for list := c.hello.ALPN; ; {
		name, ok := list.Next()
		if !ok {
			break
		}
		h.ALPN = append(h.ALPN, string(name))
	}
	p := c.sensor.prints.Client(&c.hello)
	h.JA3, h.JA3Full, h.JA4 = p.JA3, p.JA3Full, p.JA4
	return &h
}

func (c *session) ownAnswer(from *classify.ServerHello) *classify.ServerHello {
	a := *from
	a.ALPN = string(c.answer.ALPN)
	if !c.pureSSLv2 {
		p := c.sensor.prints.Server(&c.answer)
		a.JA3S, a.JA3SFull = p.JA3S, p.JA3SFull
	}
	return &a
}

func proxied(p *starttls.Preamble) (client, server netip.AddrPort) {
	client, server, _ = p.Proxied()
	return client, server
}

// describe lists the VLAN ids and the tunnels, outermost first.
func (n *network) describe() (vlans []uint16, tunnels []string) {
	for _, l := range n.layers[:n.count] {
		if l.Kind == decode.LayerVLAN {
			vlans = append(vlans, uint16(l.ID))
		} else {
			tunnels = append(tunnels, l.String())
		}
	}
	return vlans, tunnels
}
