package sensor

import (
	"cmp"
	"slices"

	"tlsfloor/classify"
	"tlsfloor/classify/names"
	"tlsfloor/classify/policy"
	"tlsfloor/cmd/internal/session"
	"tlsfloor/parse"
)

// maxFound bounds what the shards have found and nobody has judged, of one batch:
// one packet's time may end a hundred thousand connections, and so does the end
// of the capture. A finding takes a kilobyte.
const maxFound = 8192

// found is a finding that is not judged, and the item of the batch that led to
// it.
type found struct {
	*made
	at       int32
	shard    int32
	opened   int64 // when the connection was
	networks [2]names.Network
}

// made is the memory of a finding that a shard makes.
type made struct {
	classify.Finding
	names    [2]classify.Name
	hello    classify.ClientHello
	versions []parse.Version // of hello
	answer   classify.ServerHello
}

// found keeps a finding for who judges it, with all that a reader of it needs if
// it may get one.
func (s *shard) found(c *session.Session, f *classify.Finding) {
	if s.sessions.FlaggedOnly && !policy.Flaggable(s.options.Policy.Verdict(&f.Observation)) {
		s.made.own()
	} else {
		c.Complete(f)
	}
	b := s.batch
	b.found[s.number] = append(b.found[s.number], found{s.made, s.at, int32(s.number), c.OpenTime(), c.Route()})
	s.nextDraft()
	if len(b.found[s.number]) >= maxFound/len(b.found) {
		s.wait()
	}
}

// own copies the hellos, which are in the sensor's memory and the session's.
func (m *made) own() {
	if m.Hello != nil {
		m.hello = *m.Hello
		m.versions = append(m.versions[:0], m.Hello.Versions...)
		m.hello.Versions = m.versions
		m.Hello = &m.hello
	}
	if m.Answer != nil {
		m.answer = *m.Answer
		m.Answer = &m.answer
	}
}

// nextDraft has the next finding made in memory of its own.
func (s *shard) nextDraft() {
	if n := len(s.blanks); n > 0 {
		s.made, s.blanks = s.blanks[n-1], s.blanks[:n-1]
	} else {
		s.made = new(made)
		s.made.Names = s.made.names[:0]
	}
	s.sessions.Draft = &s.made.Finding
}

// wait waits until what the shard has found is judged.
func (s *shard) wait() {
	s.batch.waits[s.number] = true
	s.batch.leave()
	<-s.resume
	s.reclaim()
}

// reclaim takes the memory of findings that nobody wanted.
func (s *shard) reclaim() {
	blanks := &s.batch.blanks[s.number]
	s.blanks = append(s.blanks, *blanks...)
	clear(*blanks)
	*blanks = (*blanks)[:0]
}

// keep keeps a fault for when the batch is done.
func (s *shard) keep(f *Fault) {
	b := s.batch
	b.faults[s.number] = append(b.faults[s.number], f)
}

// last is the item up to which everything is found: the first one that a shard
// waits at; with none that waits, the last of the batch.
func (b *batch) last() int32 {
	last := int32(len(b.items))
	for i, waits := range b.waits {
		if waits {
			last = min(last, b.found[i][len(b.found[i])-1].at)
		}
	}
	return last
}

// take moves what was found up to an item to due: in the order of the packets
// that led to it; where one packet's time ended several connections, in the order
// in which these began, as far as no shard had to wait.
func (b *batch) take(last int32) {
	clear(b.due) // the findings are no longer ours
	b.due, b.judged = b.due[:0], 0
	for i, of := range b.found {
		n := 0
		for n < len(of) && of[n].at <= last {
			n++
		}
		b.due = append(b.due, of[:n]...)
		b.found[i] = slices.Delete(of, 0, n)
	}
	slices.SortStableFunc(b.due, found.compare)
}

func (f found) compare(o found) int {
	if f.at != o.at {
		return cmp.Compare(f.at, o.at)
	}
	return cmp.Or(cmp.Compare(f.Time, o.Time), f.Client.Compare(o.Client), f.Server.Compare(o.Server))
}
