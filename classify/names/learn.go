package names

import (
	"bytes"
	"net/netip"
	"time"

	"tlsfloor/parse/dns"
)

// Learn takes one DNS message from src to dst, in a network, at a time in nanoseconds
// since the Unix epoch. It ignores messages that are neither a question to port 53 nor
// an answer from it. msg is not kept.
func (s *Store) Learn(now int64, n Network, src, dst netip.AddrPort, msg []byte) {
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
		s.learnQuery(now, queryOf(n, src, dst, &m, name))
	case m.Response && src.Port() == dnsPort:
		s.learnAnswer(now, n, queryOf(n, dst, src, &m, name), &m)
	}
}

// queryOf identifies a question. The hash need not be seeded: to make two questions
// collide, an attacker would have to know the id and the port, too.
func queryOf(n Network, client, resolver netip.AddrPort, m *dns.Message, name []byte) query {
	const offset, prime = 14695981039346656037, 1099511628211 // FNV-1a
	hash := uint64(offset) ^ uint64(m.QType)
	for _, c := range name {
		hash = (hash ^ uint64(c)) * prime
	}
	return query{
		network: n.tunnels(),
		client:  addrOf(client.Addr()), clientPort: client.Port(),
		resolver: addrOf(resolver.Addr()), resolverPort: resolver.Port(),
		question: hash, id: m.ID,
	}
}

// learnQuery remembers a question and its client. Their network is without tags,
// because the answer may have other tags than the question. The names in the answer
// count in the answer's own network only.
func (s *Store) learnQuery(now int64, q query) {
	s.stats.Queries++
	s.asking.add(q.network)
	s.asked.put(place{q.network, q.client})
	if s.asked.len() > s.limits.asking {
		oldest, _ := s.asked.first()
		s.asked.remove(oldest)
	}
	*s.queries.put(q) = now
	if s.queries.len() > s.limits.queries {
		oldest, _ := s.queries.first()
		s.queries.remove(oldest)
	}
}

// learnAnswer keeps the addresses of an answer, unless the client has not asked for
// them.
func (s *Store) learnAnswer(now int64, n Network, q query, m *dns.Message) {
	client := place{n, q.client}
	solicited := s.settle(now, q)
	if !solicited && s.asks(client, q.network) {
		s.stats.Unsolicited++
		return
	}
	host := hostPart(s.name, m.QType)
	s.addrs = m.AppendAddresses(s.addrs[:0])
	if len(s.addrs) == 0 || len(host) == 0 {
		return
	}
	s.stats.Answers++
	s.learnAddresses(now, client, host, solicited, solicited || !s.asking.has(q.network))
}

// asks reports whether a client was seen to ask: recently, or for a name that is kept.
func (s *Store) asks(client place, tunnels Network) bool {
	return s.asked.get(place{tunnels, client.addr}) != nil || s.views.asked(client)
}

// learnAddresses keeps host as the name of s.addrs. credible tells that the question
// was seen, or that no questions are seen in this network.
func (s *Store) learnAddresses(now int64, client place, host []byte, solicited, credible bool) {
	e := entry{name: s.texts.add(host), solicited: solicited}
	c, bytes := s.views.of(now, client, solicited, credible), int32(0)
	for _, a := range s.addrs {
		e.expires = s.expiry(now, a.TTL)
		bytes += s.views.learn(now, c, addrOf(a.Addr), e)
		if credible {
			s.shared.learn(now, place{client.network, addrOf(a.Addr)}, e)
		}
	}
	s.texts.drop(e.name)
	s.views.grew(now, c, bytes)
	s.shared.bound(now)
}

// settle reports whether q was asked in time and has not been answered, and removes it.
func (s *Store) settle(now int64, q query) bool {
	asked := s.queries.get(q)
	if asked == nil {
		return false
	}
	fresh := now-*asked <= int64(queryLife)
	s.queries.remove(q)
	return fresh
}

// expiry returns the time until which a name counts.
func (s *Store) expiry(now int64, ttl uint32) int64 {
	life := min(time.Duration(ttl)*time.Second, maxTTL) + s.grace
	return now + int64(life)
}

// hostPart removes the service labels from the name in an SVCB or HTTPS question
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
