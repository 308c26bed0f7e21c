package policy

import (
	"cmp"
	"slices"

	"tlsfloor/classify"
	"tlsfloor/parse"
)

// maxReasons bounds the reasons that are cached. Writing one takes 130 ns. Real
// traffic has some dozens. Version numbers that an attacker makes up cost that time,
// but no more memory.
const maxReasons = 512

// reasonKey has everything that a reason depends on.
type reasonKey struct {
	verdict                   classify.Verdict
	outcome                   classify.Outcome
	alert                     classify.Alert
	selected, highest, lowest parse.Version // lowest is 0 when the hello does not tell it
	hello, answer, alerted    bool
	sslv2, fallback           bool
	sentinel, downgraded      bool
	offersFloor               bool
	unshown                   bool // the hello was cut before the versions that it offers
}

func (p *Policy) reason(o *classify.Observation, v classify.Verdict) string {
	key := newReasonKey(o, v)
	key.offersFloor = key.hello && !p.below(key.highest)
	text, ok := p.reasons.Get(key)
	if !ok {
		text = key.text(p.floor)
		p.reasons.Put(key, text)
	}
	return text
}

func newReasonKey(o *classify.Observation, v classify.Verdict) reasonKey {
	k := reasonKey{verdict: v, outcome: o.Outcome, downgraded: downgraded(o)}
	if k.hello = o.Hello != nil; k.hello {
		k.highest, k.lowest = o.Hello.MaxVersion(), lowest(o.Hello.Versions)
		k.sslv2, k.fallback = o.Hello.SSLv2Format, o.Hello.FallbackSCSV
		k.unshown = !o.Hello.ShowsVersions()
	}
	if k.answer = o.Answer != nil; k.answer {
		k.selected, k.sentinel = o.Answer.Version, o.Answer.Sentinel != 0
	}
	if k.alerted = o.Alert != nil && o.Outcome == classify.Refused; k.alerted {
		k.alert = *o.Alert
	}
	return k
}

func lowest(versions []parse.Version) parse.Version {
	if len(versions) == 0 {
		return 0
	}
	return slices.MinFunc(versions, func(a, b parse.Version) int { return cmp.Compare(a.Rank(), b.Rank()) })
}

// text returns the reason in words: what was selected and offered, and how the
// handshake ended where that matters.
func (k reasonKey) text(floor parse.Version) string {
	below := ", below the floor " + floor.String()
	switch k.verdict {
	case classify.Violation:
		return "selected " + k.selected.String() + below + "; " + k.offered() + k.end()
	case classify.Exposed:
		return "selected " + k.selected.String() + "; the client still offers versions down to " +
			k.lowest.String() + below
	case classify.OK:
		return "selected " + k.selected.String() + "; " + k.limits()
	case classify.Attempt:
		return k.offer() + below + "; " + k.missing()
	}
	switch {
	case !k.hello:
		return "neither hello was seen"
	case k.unshown:
		return cutShort + "; " + k.missing()
	}
	return k.offer() + "; " + k.missing()
}

// limits returns the part of an OK reason about the client.
func (k reasonKey) limits() string {
	switch {
	case !k.hello || k.downgraded || k.unshown:
		return k.offered()
	case k.lowest == 0:
		return k.offered() + " and does not say its lowest version"
	}
	return "the client offers nothing below " + k.lowest.String()
}

// cutShort is the text about a hello that does not show what it offers.
const cutShort = "the capture has only the beginning of the ClientHello, without the versions it offers"

// offered returns the part about the client, after the part about the server.
func (k reasonKey) offered() string {
	switch {
	case !k.hello && k.sentinel:
		return "no ClientHello seen, but the server says that the client asked for no more"
	case !k.hello:
		return "no ClientHello seen"
	case k.unshown:
		return cutShort
	case k.downgraded:
		return "the client " + k.offer() + ", but the server says that it was asked for less"
	}
	return "the client " + k.offer()
}

// offer returns the highest version that the client offers. With TLS_FALLBACK_SCSV
// (RFC 7507) the client had offered a higher one before.
func (k reasonKey) offer() string {
	text := "offers at most "
	switch {
	case k.fallback:
		text = "fell back to "
	case k.offersFloor:
		text = "offers up to "
	}
	if k.sslv2 {
		return text + k.highest.String() + " in an SSLv2 hello"
	}
	return text + k.highest.String()
}

// end returns how a handshake failed after a version was selected.
func (k reasonKey) end() string {
	switch k.outcome {
	case classify.Refused:
		return "; " + k.refusal()
	case classify.Reset:
		return "; then reset"
	case classify.Closed:
		return "; then closed"
	}
	return ""
}

// missing returns why there is no ServerHello.
func (k reasonKey) missing() string {
	switch k.outcome {
	case classify.Refused:
		return k.refusal()
	case classify.Reset:
		return "the connection was reset"
	case classify.Closed:
		return "closed without an answer"
	case classify.Unanswered:
		return "not answered"
	case classify.Established:
		return "established, but the answer was not captured"
	case classify.Truncated:
		return "the capture ends before the answer"
	}
	return "no answer seen"
}

func (k reasonKey) refusal() string {
	if !k.alerted {
		return "refused"
	}
	return "refused by the " + k.alert.From.String() + " with " + parse.AlertDescription(k.alert.Code).String()
}
