package options

import (
	"fmt"
	"net/netip"
	"strings"

	"tlsfloor/capture/decode"
)

// The special values of --tunnels.
const (
	tunnelsOfAll  = "all"
	tunnelsOfNone = "none"
	tunnelsOwn    = "own"
)

// believedSenders is --tunnels or its default. On interfaces anybody may send tunnels, so
// the default is "own": a sender can then only lie about its own connections, and AWS
// Traffic Mirroring, which sends a host's own connections, still works (see
// docs/security.md). A capture has what its recorder chose, so the default is "all".
func (o *Options) believedSenders() []string {
	switch {
	case o.tunnels != nil:
		return o.tunnels
	case len(o.Interfaces) > 0:
		return []string{tunnelsOwn}
	}
	return []string{tunnelsOfAll}
}

// trust parses --tunnels.
func (o *Options) trust() (t decode.Trust, err error) {
	values := o.believedSenders()
	if len(values) == 0 {
		values = []string{""}
	}
	t.Limited = true
	for _, word := range values {
		switch word {
		case tunnelsOfAll, tunnelsOfNone:
			if len(values) > 1 {
				return t, fmt.Errorf("--tunnels %s: %s stands alone", strings.Join(values, ","), word)
			}
			t.Limited = word == tunnelsOfNone
		case tunnelsOwn:
			t.Own = true
		default:
			p, ok := senders(word)
			if !ok {
				return t, fmt.Errorf("--tunnels %q: must be all, none, own, an address or a prefix", word)
			}
			t.From = append(t.From, p)
		}
	}
	return t, nil
}

// senders parses an address or a prefix. An IPv4-mapped IPv6 address is taken as IPv4,
// since no packet has it on the wire.
func senders(text string) (netip.Prefix, bool) {
	p, err := netip.ParsePrefix(text)
	if err != nil {
		a, err := netip.ParseAddr(text)
		if err != nil || a.Zone() != "" {
			return p, false
		}
		p = netip.PrefixFrom(a, a.BitLen())
	}
	if p.Addr().Is4In6() {
		if p.Bits() < 96 {
			return p, false
		}
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p.Masked(), true
}
