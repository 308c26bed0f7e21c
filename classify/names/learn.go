package names

import (
	"bytes"
	"net/netip"
	"time"

	"tlsfloor/parse/dns"
)

// Learn takes one DNS message, as it went from src to dst at a time in
// nanoseconds since the Unix epoch: a question to port 53 or an answer from it;
// anything else is passed over. msg is not kept.
func (s *Store) Learn(now int64, src, dst netip.AddrPort, msg []byte) {
	s.stats.Messages++
	var m dns.Message
	if dns.Parse(msg, &m) != nil {
		s.stats.Malformed++
		return
	}
	name, ok := m.AppendQuestion(s.name[:0])
	if !ok {
		return
	}
	s.name = name
	switch {
	case !m.Response && dst.Port() == dnsPort:
		s.learnQuery(now, queryOf(src, dst, &m, name))
	case m.Response && src.Port() == dnsPort:
		s.learnAnswer(now, queryOf(dst, src, &m, name), &m)
	}
}

// queryOf identifies a question. The hash is a fixed one: who wants two
// questions to collide must know the id and the port too.
func queryOf(client, resolver netip.AddrPort, m *dns.Message, name []byte) query {
	const offset, prime = 14695981039346656037, 1099511628211 // FNV-1a
	hash := uint64(offset) ^ uint64(m.QType)
	for _, c := range name {
		hash = (hash ^ uint64(c)) * prime
	}
	return query{
		client: addrOf(client.Addr()), clientPort: client.Port(),
		resolver: addrOf(resolver.Addr()), resolverPort: resolver.Port(),
		question: hash, id: m.ID,
	}
}

// learnQuery remembers that a client asks, and what.
func (s *Store) learnQuery(now int64, q query) {
	s.stats.Queries++
	s.asked.put(q.client)
	if s.asked.len() > s.limits.clients {
		oldest, _ := s.asked.first()
		s.asked.remove(oldest)
	}
	*s.queries.put(q) = now
	if s.queries.len() > s.limits.queries {
		oldest, _ := s.queries.first()
		s.queries.remove(oldest)
	}
}

// learnAnswer keeps the addresses of an answer, if its client may be told them.
func (s *Store) learnAnswer(now int64, q query, m *dns.Message) {
	solicited := s.settle(now, q)
	if !solicited && s.asked.get(q.client) != nil {
		s.stats.Unsolicited++
		return
	}
	s.addrs = m.AppendAddresses(s.addrs[:0])
	name := &heldName{bytes: hostPart(s.name, m.QType)}
	if len(s.addrs) == 0 || len(name.bytes) == 0 {
		return
	}
	s.stats.Answers++
	for _, a := range s.addrs {
		e := entry{expires: s.expiry(now, a.TTL), solicited: solicited}
		s.learnPair(now, q.client, addrOf(a.Addr), name, e)
		if solicited || s.stats.Queries == 0 {
			s.learnShared(addrOf(a.Addr), name, e)
		}
	}
}

// settle reports whether q was asked and has not been answered, and counts it
// as answered.
func (s *Store) settle(now int64, q query) bool {
	asked := s.queries.get(q)
	if asked == nil {
		return false
	}
	fresh := now-*asked <= int64(queryLife)
	s.queries.remove(q)
	return fresh
}

// expiry is when an answer is no longer believed.
func (s *Store) expiry(now int64, ttl uint32) int64 {
	life := min(time.Duration(ttl)*time.Second, maxTTL) + s.grace
	return now + int64(life)
}

// hostPart cuts the service labels off the name of an SVCB or HTTPS question
// (RFC 9460, 2.3 and 9.1): _8443._https.host.example is about host.example.
func hostPart(name []byte, qtype dns.Type) []byte {
	for qtype == dns.SVCB || qtype == dns.HTTPS {
		label, rest, ok := bytes.Cut(name, []byte("."))
		if !ok || len(label) == 0 || label[0] != '_' {
			break
		}
		name = rest
	}
	return name
}

// heldName is a name that becomes a string once, and only if it has to be
// kept: most answers say again what is known.
type heldName struct {
	bytes []byte
	text  string
}

func (h *heldName) is(name string) bool { return name == string(h.bytes) }

func (h *heldName) string() string {
	if h.text == "" {
		h.text = string(h.bytes)
	}
	return h.text
}

// learnPair keeps what a client was told.
func (s *Store) learnPair(now int64, client, server addr, name *heldName, e entry) {
	v := s.viewOf(client)
	if old := v.names.get(server); old != nil && old.solicited && !e.solicited && now <= old.expires {
		return
	}
	before := v.names.len()
	kept := v.names.put(server)
	if e.name = kept.name; !name.is(e.name) {
		e.name = name.string()
	}
	*kept = e
	s.pairs += v.names.len() - before
	s.boundPairs(v)
}

// viewOf returns a client's view and makes it the newest.
func (s *Store) viewOf(client addr) *view {
	v := s.views.put(client)
	if *v == nil {
		*v = &view{names: newRecent[addr, entry]()}
	}
	made := *v
	if s.views.len() > s.limits.clients {
		s.forgetOldestView()
	}
	return made
}

// boundPairs forgets the oldest name of the view that grew if it is too large,
// and of the view that has learned nothing for longest if all are.
func (s *Store) boundPairs(grown *view) {
	if grown.names.len() > s.limits.pairsPerClient {
		s.forgetOldestPair(grown)
	}
	for s.pairs > s.limits.pairs {
		_, v := s.views.first()
		if (*v).names.len() > 1 {
			s.forgetOldestPair(*v)
		} else {
			s.forgetOldestView()
		}
	}
}

func (s *Store) forgetOldestPair(v *view) {
	server, _ := v.names.first()
	v.names.remove(server)
	s.pairs--
	s.stats.Evicted++
}

func (s *Store) forgetOldestView() {
	client, v := s.views.first()
	s.pairs -= (*v).names.len()
	s.stats.Evicted += uint64((*v).names.len())
	s.views.remove(client)
}

// learnShared keeps what an address was called, whoever was told.
func (s *Store) learnShared(server addr, name *heldName, e entry) {
	s.shared.put(server).learn(name, e)
	if s.shared.len() > s.limits.addresses {
		oldest, _ := s.shared.first()
		s.shared.remove(oldest)
		s.stats.Evicted++
	}
}
