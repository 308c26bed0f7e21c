package sensor

import (
	"slices"

	"tlsfloor/capture/flow"
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
// what is judged where the details were not taken.
type counted struct {
	finding classify.Finding
	hello   classify.ClientHello
	answer  classify.ServerHello
}

// finish makes the session's finding, if a hello was seen, counts what could not
// be seen, and lets the session go.
func (c *session) finish(cause flow.Cause) {
	s := c.sensor
	heard := c.offer.seen || c.answer.seen
	if heard && !c.vouched() {
		s.tunnels.clients.Count(c.from(c.teller.dir()).Addr())
		c.release()
		return
	}
	if heard && !c.once() {
		s.stats.Copies++
		c.release()
		return
	}
	o := c.outcome(cause)
	c.countUnseen(cause)
	switch {
	case !heard:
	case c.dull(), s.options.FlaggedOnly && c.offer.reach != policy.Unnamed && c.goodEnough():
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
	f.InScope = c.offer.reach == policy.Inside || c.elsewhere
	return f
}

// judge has a finding judged, counted, and delivered where it is wanted.
func (s *Sensor) judge(c *session, f *classify.Finding) {
	if s.handOver != nil {
		s.handOver(c, f)
		return
	}
	s.lookup(f, c.openTime, c.route())
	s.options.Policy.Judge(f)
	s.noteUnnamed(f)
	wanted := s.options.Emit(f) && s.tunnels.bound.allows(&s.options, f, s.table.Now())
	if wanted || f.Flagged {
		c.complete(f)
		s.options.Policy.Explain(f)
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
	o.Sender, o.Outside = c.sender(), c.offer.outside
	o.Client, o.Server = c.from(c.client.dir()), c.from(c.client.dir().Other())
	o.StartTLS = c.protocol()
	o.Alert = c.alert()
	if c.shown != nil {
		o.Certificate, o.Misnamed = c.shown.certificate, c.shown.misnamed
	}
	c.observeHellos(o)
	c.observeNames(f)
	o.Anomalies = c.appendAnomalies(o.Anomalies)
	return f
}

func (c *session) observeHellos(o *classify.Observation) {
	if c.offer.seen {
		o.SNI = c.offer.sni
	}
	c.details.share(o, c.retried, c.offer.ticket)
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
		SSLv2Format: o.sslv2, ECH: o.ech, EarlyData: o.early, Cut: o.cut,
	}
	return h
}

func (c *session) sketchAnswer() *classify.ServerHello {
	a, h := &c.answer, &c.sensor.counted.answer
	*h = classify.ServerHello{Version: a.version, Cipher: a.cipher, Sentinel: a.sentinel, HelloRetryRequest: c.retried}
	return h
}

// observeNames lists what the connection calls its destination, in falling order
// of trust. Sensor.lookup goes on.
func (c *session) observeNames(f *classify.Finding) {
	addName(f, f.SNI, classify.NameSNI)
	if host, ok := c.target(); ok {
		addName(f, host, classify.NameConnect)
	}
	if x := c.shown; x != nil && (x.misnamed || c.sensor.options.Certificates || !c.named()) { // else it says the same
		addName(f, x.name, classify.NameCertificate)
	}
}

func addName(f *classify.Finding, host string, source classify.NameSource) {
	if host != "" {
		f.Names = append(f.Names, classify.Name{Host: host, Source: source})
	}
}

func (c *session) appendAnomalies(dst []string) []string {
	odds := c.oddities
	if c.offer.cut || c.answer.cut {
		odds.add(helloCut)
	}
	if c.spare != nil && c.spare.answer != nil {
		odds.add(serverHelloFromClient)
	}
	dst = odds.appendNames(dst)
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
	c.describePlaces(f)
	f.Proxied.Client, f.Proxied.Server = c.proxied()
	if c.kept != nil {
		c.detailKept()
		c.details.share(&f.Observation, c.retried, c.offer.ticket)
	}
	if c.details.client != nil {
		f.Software = c.details.client.software
	}
	if c.offer.seen && c.details.client == nil { // see takeDull: f must not point to scratch memory
		h := *f.Hello
		h.Versions = slices.Clone(h.Versions)
		f.Hello = &h
	}
	if c.answer.seen && c.details.server == nil { // in SSLv2
		a := *f.Answer
		f.Answer = &a
	}
}
