package report

import (
	"cmp"
	"slices"

	"tlsfloor/classify"
)

// clients are the clients of flagged flows. Their memory is bounded, whatever the network
// sends; a client without room is counted in flows only.
type clients struct {
	span
	limit int // of clients
	list  firsts[identity, *client]
}

// The bounds of what is kept of a client.
const (
	maxSoftware     = 4
	maxProblems     = 8
	maxDestinations = 24
	maxReasons      = 24
)

// client is what is known about the flagged flows of one client.
type client struct {
	span
	software     firsts[softwareName, classify.Confidence] // the highest
	command      command
	problems     firsts[problem, span]
	destinations firsts[with[destination], uint64]
	reasons      firsts[with[reason], uint64]
}

// span counts flows, and has the times of the first and the last, in nanoseconds since
// the Unix epoch; 0: not known.
type span struct {
	flows       uint64
	first, last int64
}

func (s *span) add(at int64) { s.merge(&span{1, at, at}) }

// maxCount bounds the flows of one event, so that a sum does not overflow, whoever has
// written the events.
const maxCount = 1 << 32

// spanOf counts the flows that a finding stands for.
func spanOf(f *classify.Finding) *span {
	s := f.Times()
	return &span{min(s.Count, maxCount), s.First, s.Last}
}

func (s *span) merge(o *span) {
	s.flows += o.flows
	switch {
	case o.first == 0 && o.last == 0:
	case s.first == 0 && s.last == 0:
		s.first, s.last = o.first, o.last
	default:
		s.first, s.last = min(s.first, o.first), max(s.last, o.last)
	}
}

// add adds a flagged finding whose process, software and advice are known. It keeps only
// strings of f.
func (c *clients) add(f *classify.Finding) { c.addAs(identityOf(f), f) }

func (c *clients) addAs(id identity, f *classify.Finding) {
	c.span.merge(spanOf(f))
	one := c.list.at(id, c.limit)
	if one == nil {
		return
	}
	if *one == nil {
		*one = new(client)
	}
	(*one).add(f)
}

func (c *client) add(f *classify.Finding) {
	flows := spanOf(f)
	c.span.merge(flows)
	if f.Software != nil {
		if s := c.software.at(softwareNameOf(f.Software), maxSoftware); s != nil {
			*s = max(*s, f.Software.Confidence)
		}
	}
	if f.Process != nil {
		c.command.add(f.Time, f.Process)
	}
	of := problemOf(f)
	if p := c.problems.at(of, maxProblems); p != nil {
		p.merge(flows)
	}
	if n := c.destinations.at(with[destination]{destinationOf(f), of}, maxDestinations); n != nil {
		*n += flows.flows
	}
	if n := c.reasons.at(with[reason]{reasonOf(f), of}, maxReasons); n != nil {
		*n += flows.flows
	}
}

// merge adds what is known about the same client.
func (c *client) merge(o *client) {
	c.span.merge(&o.span)
	c.command.merge(&o.command)
	mergeFirsts(&c.software, &o.software, maxSoftware, func(to, from *classify.Confidence) { *to = max(*to, *from) })
	mergeFirsts(&c.problems, &o.problems, maxProblems, (*span).merge)
	mergeFirsts(&c.destinations, &o.destinations, maxDestinations, addCount)
	mergeFirsts(&c.reasons, &o.reasons, maxReasons, addCount)
}

// row is a client in the order of a list.
type row struct {
	identity
	*client
}

// rows returns the clients, the most flows first, and in the order of clients among
// equals.
func (c *clients) rows() []row {
	all := make([]row, 0, len(c.list.list))
	for _, p := range c.list.list {
		all = append(all, row{p.key, p.value})
	}
	all = fold(all)
	slices.SortStableFunc(all, func(a, b row) int { return cmp.Compare(b.flows, a.flows) })
	return all
}

// count is the number of clients, of which n are kept: "3 clients".
func (c *clients) count(n int) string {
	if c.list.more {
		return "more than " + number(uint64(n), "client")
	}
	return number(uint64(n), "client")
}
