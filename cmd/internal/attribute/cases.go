package attribute

import (
	"time"

	"tlsfloor/classify"
)

const (
	// maxCases bounds the connections that were asked about and not concluded.
	// A handshake is concluded within a second, as a rule; a process is a few
	// hundred bytes, and 12 KB at the worst.
	maxCases = 2048
	// patience is how long a finding waits for an answer.
	patience = time.Second
)

// matter is a connection that was asked about.
type matter struct {
	id      uint64
	known   bool // the finder has answered
	process *classify.Process
	finding *classify.Finding // that waits; nil: the handshake goes on
	since   time.Time         // that it waits
}

// matters are the connections that were asked about, at most maxCases. The
// oldest goes first.
type matters struct {
	byEnds  map[connection]*matter
	byID    map[uint64]connection
	waiting int    // findings
	next    uint64 // id
	oldest  uint64 // id; everything before is gone
}

func newMatters() matters {
	return matters{byEnds: make(map[connection]*matter), byID: make(map[uint64]connection), next: 1, oldest: 1}
}

// open begins a matter. Findings it puts out wait no longer.
func (m *matters) open(ends connection) (q query, out []*classify.Finding) {
	if old := m.byEnds[ends]; old != nil { // the ports are used again
		out = appendFinding(out, m.close(ends, old))
	}
	for len(m.byEnds) >= maxCases {
		if ends, ok := m.byID[m.oldest]; ok {
			out = appendFinding(out, m.close(ends, m.byEnds[ends]))
		}
		m.oldest++
	}
	q = query{id: m.next, ends: ends}
	m.next++
	m.byEnds[ends], m.byID[q.id] = &matter{id: q.id}, ends
	return q, out
}

// close ends a matter, and returns the finding that waited with what is known.
func (m *matters) close(ends connection, x *matter) *classify.Finding {
	delete(m.byEnds, ends)
	delete(m.byID, x.id)
	if x.finding != nil {
		m.waiting--
		x.finding.Process = x.process
	}
	return x.finding
}

// answered takes an answer. It returns the finding that waited for it.
func (m *matters) answered(a *answer) *classify.Finding {
	ends, ok := m.byID[a.ID]
	if !ok {
		return nil
	}
	x := m.byEnds[ends]
	x.known, x.process = true, a.Process
	if x.finding == nil && x.process != nil {
		return nil // the handshake goes on
	}
	return m.close(ends, x)
}

// concluded takes the finding of a connection, and returns it unless it waits.
func (m *matters) concluded(f *classify.Finding, now time.Time) *classify.Finding {
	ends := connection{f.Client, f.Server}
	x := m.byEnds[ends]
	switch {
	case x == nil:
		return f
	case x.finding != nil: // two findings of one connection: a second handshake in it
		return f
	}
	x.finding, x.since = f, now
	m.waiting++
	if x.known {
		return m.close(ends, x)
	}
	return nil
}

// overdue returns the findings that have waited since before t.
func (m *matters) overdue(t time.Time) (out []*classify.Finding) {
	for ends, x := range m.byEnds {
		if x.finding != nil && !x.since.After(t) {
			out = append(out, m.close(ends, x))
		}
	}
	return out
}

func appendFinding(out []*classify.Finding, f *classify.Finding) []*classify.Finding {
	if f == nil {
		return out
	}
	return append(out, f)
}
