package keep

import (
	"fmt"
	"strings"

	"tlsfloor/classify"
	"tlsfloor/classify/endpoint"
)

// commentOn returns the comment on a flagged flow. pcap.Text bounds it, and makes it
// printable.
func commentOn(f *classify.Finding, whole bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "tlsfloor: %s: %s", f.Verdict, f.Reason)
	fmt.Fprintf(&b, "; client %s", f.Client)
	if s := f.Software; s != nil {
		fmt.Fprintf(&b, ", %s (%s confidence)", softwareName(s), s.Confidence)
	}
	fmt.Fprintf(&b, "; server %s", f.Server)
	if f.Host != "" {
		fmt.Fprintf(&b, ", %s by %s", f.Host, f.HostSource)
	}
	if id := endpoint.CommunityID(f.Client, f.Server); id != "" {
		fmt.Fprintf(&b, "; community_id %s", id)
	}
	if !whole {
		b.WriteString(notWhole)
	}
	return b.String()
}

// notWhole is at the end of the comment on a flow of which packets are missing.
const notWhole = "; some of its packets are missing: there was no room to hold them"

// softwareName names software with its version and library, as far as they are known.
func softwareName(s *classify.Software) string {
	name := s.Name
	if s.Version != "" {
		name += " " + s.Version
	}
	if s.Library != "" && s.Library != s.Name && s.Library != name {
		name += " with " + s.Library
	}
	return name
}

// commentOnAnswer returns the comment on the DNS response that has named the server of a
// flagged flow.
func commentOnAnswer(f *classify.Finding) string {
	return fmt.Sprintf("tlsfloor: this response names %s, the server of the flagged flow from %s: %s", f.Server.Addr(), f.Client, f.Host)
}
