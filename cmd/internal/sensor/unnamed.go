package sensor

import (
	"net/netip"
	"strings"

	"tlsfloor/classify"
	"tlsfloor/classify/policy"
)

// noteUnnamed counts a handshake below the floor that may have been to a
// destination in scope: nothing tells its name.
func (s *Sensor) noteUnnamed(f *classify.Finding) {
	if f.Verdict >= classify.Attempt && !f.Flagged && s.nameless(f) {
		s.unnamed.Count(f.Server.Addr())
	}
}

func (s *Sensor) nameless(f *classify.Finding) bool {
	if f.HostSource == classify.NameNone {
		return !s.elsewhere(f.Server.Addr())
	}
	return f.HostSource == classify.NameAddress || !policy.IsHostname(strings.TrimSuffix(f.Host, "."))
}

// sharedSpace is where carriers, and some cloud networks, have private addresses
// (RFC 6598).
var sharedSpace = netip.MustParsePrefix("100.64.0.0/10")

// elsewhere reports whether an address that is in none of AWS's published ranges
// is none of AWS's: a private one may be an endpoint in the user's own network.
func (s *Sensor) elsewhere(addr netip.Addr) bool {
	if s.options.Ranges == nil || s.options.Ranges() == nil || !s.options.Policy.OnlyAWS() {
		return false
	}
	return addr.IsGlobalUnicast() && !addr.IsPrivate() && !sharedSpace.Contains(addr)
}
