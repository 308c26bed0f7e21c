package attribute

import (
	"time"

	"tlsfloor/classify"
)

const (
	// maxLookups bounds the connections whose finding has not come yet. Most handshakes
	// take less than a second; a process has a few hundred bytes, and 12 KB at the worst.
	maxLookups = 2048
	// patience is how long a finding waits for a reply.
	patience = time.Second
)

// lookup is a connection whose process was asked for.
type lookup struct {
	id      uint64
	known   bool // the reply has come
	process *classify.Process
	finding *classify.Finding // that waits; nil: the handshake goes on
	since   time.Time         // finding waits
}

// lookups are the lookups that have not ended, at most maxLookups. If there are too
// many, the oldest ends first.
type lookups struct {
	byEnds  map[connection]*lookup
	byID    map[uint64]connection
	waiting int    // findings that wait
	next    uint64 // id
	oldest  uint64 // id; all before have ended
}

func newLookups() lookups {
	return lookups{byEnds: make(map[connection]*lookup), byID: make(map[uint64]connection), next: 1, oldest: 1}
}

// begin begins a lookup. It returns the findings of lookups that it ended.
func (m *lookups) begin(ends connection) (q query, out []*classify.Finding) {
	if old := m.byEnds[ends]; old != nil { // the ports are used again
		out = appendFinding(out, m.end(ends, old))
	}
	for len(m.byEnds) >= maxLookups {
		if ends, ok := m.byID[m.oldest]; ok {
			out = appendFinding(out, m.end(ends, m.byEnds[ends]))
		}
		m.oldest++
	}
	q = query{id: m.next, ends: ends}
	m.next++
	m.byEnds[ends], m.byID[q.id] = &lookup{id: q.id}, ends
	return q, out
}

// end ends a lookup, and returns the finding that waited, with its process if known.
func (m *lookups) end(ends connection, x *lookup) *classify.Finding {
	delete(m.byEnds, ends)
	delete(m.byID, x.id)
	if x.finding != nil {
		m.waiting--
		x.finding.Process = x.process
	}
	return x.finding
}

// takeReply takes a reply, and returns the finding that waited for it.
func (m *lookups) takeReply(a *reply) *classify.Finding {
	ends, ok := m.byID[a.ID]
	if !ok {
		return nil
	}
	x := m.byEnds[ends]
	x.known, x.process = true, a.Process
	if x.finding == nil && x.process != nil {
		return nil // the handshake goes on
	}
	return m.end(ends, x)
}

// attach takes the finding of a connection, and returns it unless it has to wait.
func (m *lookups) attach(f *classify.Finding, now time.Time) *classify.Finding {
	ends := connection{Client: f.Client, Server: f.Server, UDP: f.OverUDP()}
	x := m.byEnds[ends]
	switch {
	case x == nil:
		return f
	case x.finding != nil: // a second handshake in the same connection
		return f
	}
	x.finding, x.since = f, now
	m.waiting++
	if x.known {
		return m.end(ends, x)
	}
	return nil
}

// overdue returns the findings that have waited since before t.
func (m *lookups) overdue(t time.Time) (out []*classify.Finding) {
	for ends, x := range m.byEnds {
		if x.finding != nil && !x.since.After(t) {
			out = append(out, m.end(ends, x))
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
