package sensor

import (
	"tlsfloor/capture/decode"
	"tlsfloor/classify"
	"tlsfloor/classify/policy"
	"tlsfloor/parse"
)

// blank returns memory for a finding. One that is delivered leaves with it; the
// next is made where it was otherwise, as most are on a healthy network.
func (o *Options) blank() *classify.Finding {
	if o.Blank != nil {
		if f := o.Blank(); f != nil {
			return f
		}
	}
	f := new(struct {
		classify.Finding
		names [2]classify.Name // what nearly all have
	})
	f.Names = f.names[:0]
	return &f.Finding
}

// counted is the memory of what is only counted: see summed. Its hellos are also
// what is judged where the facts were not taken.
type counted struct {
	finding classify.Finding
	hello   classify.ClientHello
	answer  classify.ServerHello
}

// finish makes the session's finding, if a hello was seen, and lets the
// session go.
func (c *session) finish(o classify.Outcome) {
	switch s := c.sensor; {
	case !c.offer.seen && !c.answer.seen:
	case s.options.FlaggedOnly && c.offer.reach != policy.Unnamed && c.counted():
		s.count(c.summed(o))
	default:
		s.judge(c, c.observe(o))
	}
	c.release()
}

// summed is the finding of a handshake that will only be counted, with nothing
// but what counting needs: most findings of a healthy network are such.
func (c *session) summed(outcome classify.Outcome) *classify.Finding {
	f := &c.sensor.counted.finding
	f.Outcome = outcome
	f.Hello, f.Answer = c.sketchHello(), nil
	if c.answer.seen {
		f.Answer = c.sketchAnswer()
	}
	f.Verdict = c.sensor.options.Policy.Verdict(&f.Observation)
	f.InScope = c.offer.reach == policy.Inside
	return f
}

// judge has a finding judged, counted, and delivered where it is wanted.
func (s *Sensor) judge(c *session, f *classify.Finding) {
	s.options.Policy.Judge(f)
	wanted := s.options.Emit(f)
	if wanted || f.Flagged {
		c.complete(f)
	}
	s.count(f)
	if wanted {
		s.draft = s.options.blank()
		s.options.Deliver(f)
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

// observe makes a finding of what the session knows, in the sensor's draft.
func (c *session) observe(outcome classify.Outcome) *classify.Finding {
	f := c.sensor.draft
	*f = classify.Finding{Observation: classify.Observation{Anomalies: f.Anomalies[:0], Names: f.Names[:0]}}
	o := &f.Observation
	o.Time, o.Source, o.Outcome = c.helloTime, c.source, outcome
	o.Client, o.Server = c.from(c.client.dir()), c.from(c.client.dir().Other())
	o.StartTLS = c.protocol()
	o.Alert = c.alert()
	o.Certificate = c.certificate
	c.observeHellos(o)
	c.observeNames(f)
	o.Anomalies = c.appendAnomalies(o.Anomalies)
	return f
}

func (c *session) observeHellos(o *classify.Observation) {
	if c.offer.seen {
		o.SNI = c.sni()
	}
	if c.facts != nil {
		c.shareHellos(o, c.facts)
	}
	if c.offer.seen && o.Hello == nil {
		o.Hello = c.sketchHello()
	}
	if c.answer.seen && o.Answer == nil {
		o.Answer = c.sketchAnswer()
	}
}

// sketchHello is what judging needs of the hello.
func (c *session) sketchHello() *classify.ClientHello {
	o, h := &c.offer, &c.sensor.counted.hello
	*h = classify.ClientHello{
		RecordVersion: o.record, LegacyVersion: o.legacy, Versions: o.versions,
		SSLv2Format: o.sslv2, ECH: o.ech, EarlyData: o.early,
	}
	return h
}

func (c *session) sketchAnswer() *classify.ServerHello {
	a, h := &c.answer, &c.sensor.counted.answer
	*h = classify.ServerHello{Version: a.version, Cipher: a.cipher, Sentinel: a.sentinel, HelloRetryRequest: c.retried}
	return h
}

// shareHellos has o point to what is known of the kinds of the hellos.
func (c *session) shareHellos(o *classify.Observation, known *facts) {
	if known.client != nil {
		o.Hello = &known.client.hello
	}
	if known.server != nil {
		o.Answer = known.server.heard(c.retried, known.resumed())
	}
}

// observeNames lists what the destination may be called, in falling order of
// trust.
func (c *session) observeNames(f *classify.Finding) {
	addName(f, f.SNI, classify.NameSNI)
	if host, ok := c.target(); ok {
		addName(f, host, classify.NameConnect)
	}
	addName(f, c.certified, classify.NameCertificate)
	c.sensor.lookup(f, c.openTime)
}

func addName(f *classify.Finding, host string, source classify.NameSource) {
	if host != "" {
		f.Names = append(f.Names, classify.Name{Host: host, Source: source})
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

// complete adds what only a reader of the finding needs.
func (c *session) complete(f *classify.Finding) {
	if c.layers != nil {
		f.VLANs, f.Tunnels = describe(*c.layers)
	}
	f.Proxied.Client, f.Proxied.Server = c.proxied()
	known := c.known()
	if known != c.facts { // else it was observed so
		c.shareHellos(&f.Observation, known)
	}
	if known.client != nil {
		f.Software = known.client.software
	}
	if c.answer.seen && known.server == nil { // in SSLv2
		a := *f.Answer
		f.Answer = &a
	}
	c.sensor.options.Policy.Explain(f)
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
