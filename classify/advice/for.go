package advice

import (
	"fmt"

	"tlsfloor/classify"
)

// The guides that are used when no other fits.
const (
	anyClient = "client"
	anyServer = "server"
	between   = "middlebox"
)

// entry is a guide, and the advice in events that refers to it.
type entry struct {
	guide  *Guide
	advice classify.Advice
}

func newLibrary(guides []*Guide) (*library, error) {
	l := &library{guides: guides, byID: map[string]*Guide{}, bySoft: map[string]*entry{}, byService: map[string]*entry{}}
	for _, g := range guides {
		l.byID[g.ID] = g
		e := &entry{g, classify.Advice{ID: g.ID, Summary: g.Summary}}
		if err := enter(l.bySoft, g.Software, e); err != nil {
			return nil, err
		}
		if err := enter(l.byService, g.Services, e); err != nil {
			return nil, err
		}
	}
	for _, id := range []string{anyClient, anyServer, between} {
		g, ok := l.byID[id]
		if !ok {
			return nil, fmt.Errorf("there is no guide %q", id)
		}
		l.bySoft["/"+id] = &entry{g, classify.Advice{ID: g.ID, Summary: g.Summary}} // no software has such an id
	}
	return l, nil
}

func enter(in map[string]*entry, keys []string, e *entry) error {
	for _, key := range keys {
		if other, taken := in[key]; taken {
			return fmt.Errorf("%s is in the guides %s and %s", key, other.guide.ID, e.guide.ID)
		}
		in[key] = e
	}
	return nil
}

// For returns the advice for a finding; nil: nothing to change. It depends on the side
// that has to change: no setting of a client helps against a server that selects TLS
// 1.0. The result is shared and read-only.
func For(f *classify.Finding) *classify.Advice {
	switch f.Fix {
	case classify.FixServer:
		return forService(f.AWS)
	case classify.FixClient:
		return forSoftware(f.Software)
	case classify.FixUnknown:
		return &guides().bySoft["/"+between].advice
	}
	if f.Verdict == classify.Exposed {
		return forSoftware(f.Software)
	}
	return nil
}

func forService(a *classify.AWS) *classify.Advice {
	l := guides()
	if a != nil {
		if e, ok := l.byService[a.Service]; ok {
			return &e.advice
		}
	}
	return &l.bySoft["/"+anyServer].advice
}

func forSoftware(s *classify.Software) *classify.Advice {
	l := guides()
	if s != nil {
		if e, ok := l.bySoft[s.ID]; ok {
			return &e.advice
		}
	}
	return &l.bySoft["/"+anyClient].advice
}
