package names

import "strings"

// shared has the names of addresses in the answers to all clients.
type shared struct {
	addresses fair[candidates]
	evicted   uint64
	texts     *texts
}

// candidates are the last maxNames names of one address, the newest first.
type candidates struct {
	names   [maxNames]int32
	expires [maxNames]int64 // packet time in nanoseconds
}

// addressCost is the memory of an address without its names, in bytes: see pairCost.
const addressCost = 240

func newShared(r room, t *texts) shared {
	return shared{addresses: newFair[candidates](r), texts: t}
}

// learn keeps a name of server. bound has to be called afterwards.
func (s *shared) learn(now int64, server place, e entry) {
	i, isNew := s.addresses.come(now, server, addressCost+s.texts.cost(e.name), true)
	c := s.addresses.value(i)
	if isNew {
		s.texts.use(e.name)
		c.names[0], c.expires[0] = e.name, e.expires
		return
	}
	at := 0
	for at < maxNames-1 && c.names[at] != e.name {
		at++
	}
	if was := c.names[at]; was != e.name {
		s.addresses.weigh(i, s.texts.cost(e.name)-s.texts.cost(was))
		s.texts.use(e.name)
		s.texts.drop(was)
	}
	copy(c.names[1:at+1], c.names[:at])
	copy(c.expires[1:at+1], c.expires[:at])
	c.names[0], c.expires[0] = e.name, e.expires
}

// bound removes addresses until the table is within its bounds.
func (s *shared) bound(now int64) {
	for i, _ := s.addresses.excess(now); i != none; i, _ = s.addresses.excess(now) {
		for _, name := range s.addresses.value(i).names {
			s.texts.drop(name)
		}
		s.addresses.remove(i)
		s.evicted++
	}
}

// agreed returns the common name of the names of server that have not expired.
func (s *shared) agreed(now int64, server place) (name string, ok bool) {
	i := s.addresses.find(server)
	if i == none {
		return "", false
	}
	var alive [maxNames]string
	n, c := 0, s.addresses.value(i)
	for k, name := range c.names {
		if name != 0 && now <= c.expires[k] {
			alive[n] = s.texts.name(name)
			n++
		}
	}
	if name, ok = common(alive[:n]); ok {
		s.addresses.use(i)
		s.bound(now)
	}
	return name, ok
}

// common returns the name if all are the same, else "*." and the longest suffix of at
// least two labels that all names are below.
func common(names []string) (name string, ok bool) {
	if len(names) == 0 {
		return "", false
	}
	same, suffix := true, names[0]
	for _, n := range names[1:] {
		same = same && n == names[0]
		suffix = commonSuffix(suffix, n)
	}
	if same {
		return names[0], true
	}
	for _, n := range names { // a name is not below itself
		if n == suffix {
			_, suffix, _ = strings.Cut(suffix, ".")
			break
		}
	}
	if strings.IndexByte(suffix, '.') <= 0 {
		return "", false
	}
	return "*." + suffix, true
}

// commonSuffix returns the longest common suffix of a and b in whole labels.
func commonSuffix(a, b string) string {
	n := 0
	for n < len(a) && n < len(b) && a[len(a)-1-n] == b[len(b)-1-n] {
		n++
	}
	if wholeLabels(a, n) && wholeLabels(b, n) {
		return a[len(a)-n:]
	}
	_, suffix, _ := strings.Cut(a[len(a)-n:], ".")
	return suffix
}

// wholeLabels reports whether a label begins n bytes before the end of name.
func wholeLabels(name string, n int) bool {
	return n == len(name) || name[len(name)-n-1] == '.'
}
