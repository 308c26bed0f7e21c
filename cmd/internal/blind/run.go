package blind

import (
	"tlsfloor/capture"
	"tlsfloor/capture/decode"
)

// Run is what the blind spots of a run are made of.
type Run struct {
	Source  capture.Stats
	Decode  *decode.Stats
	Unseen  Unseen
	Unnamed Addresses // of handshakes below the floor
	Tunnels Tunnels
	// UnknownQUIC counts conversations by the version of QUIC, if that is not read.
	UnknownQUIC Names
	// MalformedHellos counts hellos that could not be parsed.
	MalformedHellos uint64
	// Faults counts packets that led to a panic.
	Faults uint64

	// Live: packets came from interfaces. There the kernel filters, and what the
	// expression leaves out is not even counted.
	Live bool
	// Conversations counts handshakes in UDP.
	Conversations uint64
	// Filtered: the run has an expression.
	Filtered bool
	// Hidden is what the expression left out only because of a tag or a tunnel (see
	// Filter).
	Hidden Names
	// LeftOut names the inputs that were not read, Incomplete those that were read
	// in part.
	LeftOut, Incomplete Names
	// Away counts how often an interface was down or was removed.
	Away uint64
	// Withheld counts, by interface, how often something changed the capture's
	// filter, or packets stopped arriving that the interface still counted.
	Withheld Names
	// Dropped counts events that outputs dropped, or that the far end refused.
	Dropped uint64
}

// Spots lists what could not be seen, in the order of the causes. It is empty if
// everything could be.
func (r *Run) Spots() []Spot {
	var l list
	l.add(belowFloorUnnamed, r.Unnamed.Total, r.Unnamed.items()...)
	l.filter(r)
	l.add(inputsLeftOut, r.LeftOut.total, r.LeftOut.items()...)
	l.add(inputsIncomplete, r.Incomplete.total, r.Incomplete.items()...)
	l.add(interfacesAway, r.Away)
	l.add(packetsWithheld, r.Withheld.total, r.Withheld.items()...)
	l.add(kernelDropped, r.Source.KernelDropped)
	l.add(interfaceDropped, r.Source.InterfaceDropped)
	l.tunnels(r)
	l.unread(r)
	l.add(oneDirection, r.Unseen.OneDirection)
	l.add(cutHellos, r.Unseen.CutHellos, judged(&r.Unseen)...)
	l.add(cutPackets, r.Unseen.CutPackets+r.Decode.CutShort)
	l.add(longPreambles, r.Unseen.LongPreambles)
	l.add(lostBytes, r.Unseen.LostBytes)
	l.add(malformedHellos, r.MalformedHellos)
	l.add(givenUp, r.Unseen.GivenUp)
	l.add(faults, r.Faults)
	l.add(incompleteFragments, r.Decode.Fragments.Incomplete)
	l.add(malformedPackets, r.Decode.Results[decode.Malformed]-r.Decode.CutShort)
	l.add(openAtStart, r.Unseen.OpenAtStart)
	l.add(eventsBounded, r.Tunnels.Bounded.Total, r.Tunnels.Bounded.items()...)
	l.add(eventsDropped, r.Dropped)
	return l
}

// list collects the spots.
type list []Spot

func (l *list) add(c Cause, n uint64, items ...Item) {
	if n > 0 {
		*l = append(*l, Spot{Cause: c, Count: n, Top: items[:min(len(items), MaxTop):min(len(items), MaxTop)]})
	}
}

// filter adds what the expression may have hidden: everything, if neither a TCP packet nor
// a handshake in UDP matched it.
func (l *list) filter(r *Run) {
	if r.Filtered && r.Decode.Results[decode.Segment]+r.Conversations == 0 && (r.Live || r.Source.Frames+r.Source.Filtered > 0) {
		l.add(filterMatchedNothing, 1)
	}
	l.add(filterHidTagged, r.Hidden.total, r.Hidden.items()...)
}

// tunnels adds packets and handshakes of senders that are not believed. DNS messages
// are counted with the packets: the decoder cannot tell yet which ones to believe.
func (l *list) tunnels(r *Run) {
	items := r.Tunnels.Messages.items()
	for _, of := range r.Decode.Disbelieved() {
		items = append(items, Item{Name: of.Addr.String(), Count: of.Count})
	}
	l.add(tunnelsNotBelieved, r.Decode.Results[decode.Disbelieved]+r.Tunnels.Messages.Total, top(items)...)
	l.add(clientsNotBelieved, r.Tunnels.Clients.Total, r.Tunnels.Clients.items()...)
}

// unreadCauses are the causes for what decode does not read.
var unreadCauses = [decode.NumUnreadKinds]Cause{
	decode.UnreadLink: unreadLinkTypes, decode.UnreadEtherType: unreadEtherTypes,
	decode.UnreadProtocol: unreadProtocols, decode.UnreadUDPPort: unreadUDPPorts,
}

func (l *list) unread(r *Run) {
	s := r.Decode
	var items [decode.NumUnreadKinds][]Item
	for _, u := range s.Unread() {
		items[u.Kind] = append(items[u.Kind], Item{Name: u.Name(), Number: u.Number, Numbered: true, Count: u.Count})
	}
	for _, kind := range [...]decode.UnreadKind{decode.UnreadLink, decode.UnreadEtherType, decode.UnreadProtocol, decode.UnreadUDPPort} {
		l.add(unreadCauses[kind], s.UnreadFrames[kind], items[kind]...)
	}
	l.add(unreadQUICVersions, r.UnknownQUIC.total, r.UnknownQUIC.items()...)
	l.add(nestedTooDeep, s.TooDeep)
}

func (a *Addresses) items() (items []Item) {
	for _, of := range a.List[:min(len(a.List), MaxTop)] {
		items = append(items, Item{Name: of.Addr.String(), Count: of.Count})
	}
	return items
}

// judged counts the cut hellos that still gave a name and a version.
func judged(u *Unseen) []Item {
	if u.CutJudged == 0 {
		return nil
	}
	return []Item{{Name: "with name and version", Count: u.CutJudged}}
}
