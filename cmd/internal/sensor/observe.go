package sensor

import (
	"slices"

	"tlsfloor/capture/decode"
	"tlsfloor/classify"
	"tlsfloor/classify/policy"
	"tlsfloor/parse"
)

// draft is the memory in which each finding is made and judged. Only one that
// is delivered is copied out of it, and given fingerprints: most handshakes of
// a healthy network are counted and forgotten.
type draft struct {
	finding   classify.Finding
	counted   classify.Finding // see summed
	hello     classify.ClientHello
	answer    classify.ServerHello
	anomalies []string
	names     []classify.Name
}

// finish makes the session's finding, if a hello was seen, and lets the
// session go.
func (c *session) finish(o classify.Outcome) {
	switch s := c.sensor; {
	case !c.offer.seen && !c.answer.seen:
	case s.options.FlaggedOnly && c.offer.reach != policy.Unnamed && c.counted():
		s.count(c.summed(o))
	default:
		s.judge(c, c.observe(&s.draft, o))
	}
	c.release()
}

// summed is the finding of a handshake that will only be counted, with nothing
// but what counting needs: most findings of a healthy network are such.
func (c *session) summed(outcome classify.Outcome) *classify.Finding {
	f := &c.sensor.draft.counted
	f.Outcome = outcome
	f.Hello, f.Answer = c.observeHello(&c.sensor.draft), nil
	if c.answer.seen {
		f.Answer = c.observeAnswer(&c.sensor.draft)
	}
	f.Verdict = c.sensor.options.Policy.Verdict(&f.Observation)
	f.InScope = c.offer.reach == policy.Inside
	return f
}

// judge has a finding judged, counted, and delivered where it is wanted.
func (s *Sensor) judge(c *session, f *classify.Finding) {
	s.options.Policy.Judge(f)
	s.count(f)
	if s.options.Emit(f) {
		s.options.Deliver(c.deliverable(f))
	}
}

// count counts a finding that was judged.
func (s *Sensor) count(f *classify.Finding) {
	s.stats.Handshakes++
	s.stats.Verdicts[f.Verdict]++
	if f.Flagged {
		s.stats.Flagged++
	}
	if f.InScope {
		s.stats.InScope++
	}
	if s.options.Tally != nil {
		s.options.Tally(f)
	}
}

// observe fills d with what the session knows.
func (c *session) observe(d *draft, outcome classify.Outcome) *classify.Finding {
	d.finding = classify.Finding{}
	o := &d.finding.Observation
	o.Time, o.Source, o.Outcome = c.helloTime, c.source, outcome
	o.Client, o.Server = c.from(c.client.dir()), c.from(c.client.dir().Other())
	o.StartTLS = c.protocol()
	o.Alert = c.alert()
	o.Certificate = c.certificate
	if c.offer.seen {
		o.Hello = c.observeHello(d)
		o.Hello.SNI = c.sni()
	}
	if c.answer.seen {
		o.Answer = c.observeAnswer(d)
	}
	o.Names = c.candidates(d)
	d.anomalies = c.appendAnomalies(d.anomalies[:0])
	o.Anomalies = d.anomalies
	return &d.finding
}

func (c *session) observeHello(d *draft) *classify.ClientHello {
	o := &c.offer
	d.hello = classify.ClientHello{
		RecordVersion: o.record, LegacyVersion: o.legacy, Versions: o.versions,
		SSLv2Format: o.sslv2, ECH: o.ech, EarlyData: o.early,
	}
	return &d.hello
}

func (c *session) observeAnswer(d *draft) *classify.ServerHello {
	a := &c.answer
	d.answer = classify.ServerHello{Version: a.version, Cipher: a.cipher, Sentinel: a.sentinel, HelloRetryRequest: c.retried}
	return &d.answer
}

// candidates lists what the destination may be called, in falling order of
// trust.
func (c *session) candidates(d *draft) []classify.Name {
	d.names = d.names[:0]
	d.add(d.finding.Hello, classify.NameSNI)
	if host, ok := c.target(); ok {
		d.name(host, classify.NameConnect)
	}
	d.name(c.certified, classify.NameCertificate)
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
	if c.offer.seen {
		odd |= c.offer.oddities
	}
	if c.answer.seen {
		odd |= c.answer.oddities
	}
	return odd.AppendNames(dst)
}

// delivered is the memory of a finding that leaves the sensor: one piece, with
// room for what nearly all have.
type delivered struct {
	finding  classify.Finding
	hello    classify.ClientHello
	answer   classify.ServerHello
	versions [5]parse.Version
	alpn     [2]string
	names    [2]classify.Name
}

// deliverable copies a finding out of the draft, and adds what only a reader
// needs.
func (c *session) deliverable(f *classify.Finding) *classify.Finding {
	if !f.Flagged {
		c.sensor.options.Policy.Explain(f) // Judge has done it for those that are
	}
	d := &delivered{finding: *f}
	own := &d.finding
	own.Anomalies = slices.Clone(f.Anomalies)
	own.Names = append(d.names[:0], f.Names...)
	if c.layers != nil {
		own.VLANs, own.Tunnels = describe(*c.layers)
	}
	own.Proxied.Client, own.Proxied.Server = c.proxied()
	known := c.known()
	if f.Hello != nil {
		own.Hello = &d.hello
		d.completeHello(f.Hello, known)
		own.Software = known.software
	}
	if f.Answer != nil {
		own.Answer = &d.answer
		c.completeAnswer(d, f.Answer, known)
	}
	return own
}

// completeHello copies the draft's ClientHello, and adds the facts.
func (d *delivered) completeHello(from *classify.ClientHello, known *facts) {
	own := &d.hello
	*own = *from
	if from.Versions != nil {
		own.Versions = append(d.versions[:0], from.Versions...)
	}
	own.FallbackSCSV = known.fallback
	own.ALPN = append(d.alpn[:0], known.alpn...)
	p := &known.client
	own.JA3, own.JA3Full, own.JA4 = p.JA3, p.JA3Full, p.JA4
}

// completeAnswer is the same for the ServerHello.
func (c *session) completeAnswer(d *delivered, from *classify.ServerHello, known *facts) {
	own := &d.answer
	*own = *from
	if c.answer.sslv2 {
		return
	}
	own.ALPN = known.chosen
	own.Resumed = c.resumed(known)
	own.JA3S, own.JA3SFull = known.server.JA3S, known.server.JA3SFull
}

// resumed says how the session was resumed. A server takes a ticket without a
// word, by echoing the session id that came with it (RFC 5077, 3.4).
func (c *session) resumed(known *facts) string {
	switch {
	case known.psk:
		return "psk"
	case !c.offer.seen || c.answer.version.Rank() >= parse.TLSv13:
		return ""
	case known.echoed.length == 0 || known.echoed != known.offered:
		return ""
	case known.ticket:
		return "ticket"
	}
	return "id"
}

// describe lists the VLAN ids and the tunnels, outermost first.
func describe(layers []decode.Layer) (vlans []uint16, tunnels []string) {
	for _, l := range layers {
		switch {
		case l.Kind != decode.LayerVLAN:
			tunnels = append(tunnels, l.String())
		case l.HasID: // else a priority tag: no VLAN
			vlans = append(vlans, uint16(l.ID))
		}
	}
	return vlans, tunnels
}
