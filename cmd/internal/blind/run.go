package blind

import (
	"tlsfloor/capture"
	"tlsfloor/capture/decode"
)

// Run is all that tells what a run could not see.
type Run struct {
	Source  capture.Stats
	Decode  *decode.Stats
	Unseen  Unseen
	Unnamed Addresses // of handshakes below the floor
	Tunnels Tunnels
	// MalformedHellos and Faults count hellos that could not be read, and packets
	// that led to a panic.
	MalformedHellos, Faults uint64

	Live bool // packets came from interfaces, where what an expression leaves out is not seen at all
	// Filtered says that there is an expression, and Hidden what it left out only
	// because of a tag or a tunnel, as far as that is known (see Filter).
	Filtered bool
	Hidden   Names
	// LeftOut and Incomplete are inputs that were not read, and that were read in
	// part.
	LeftOut, Incomplete Names
	// Away counts how often an interface was down or went away.
	Away uint64
	// Withheld counts, by interface, how often its filter was changed or its packets
	// stopped coming while they were counted.
	Withheld Names
	// Dropped counts events that outputs dropped, or that were refused for good.
	Dropped uint64
}

// Spots lists what could not be seen, the most important first. It is empty when
// everything was.
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
	l.unread(r.Decode)
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

// list is Spots in the making.
type list []Spot

func (l *list) add(c Cause, n uint64, items ...Item) {
	if n > 0 {
		*l = append(*l, Spot{Cause: c, Count: n, Top: items[:min(len(items), MaxTop):min(len(items), MaxTop)]})
	}
}

// filter adds what an expression may have hidden: all of TCP, when it matched none
// of it.
func (l *list) filter(r *Run) {
	if r.Filtered && r.Decode.Results[decode.Segment] == 0 && (r.Live || r.Source.Frames+r.Source.Filtered > 0) {
		l.add(filterMatchedNothing, 1)
	}
	l.add(filterHidTagged, r.Hidden.total, r.Hidden.items()...)
}

// unreadCauses are the causes of what decode does not read.
var unreadCauses = [decode.NumUnreadKinds]Cause{
	decode.UnreadLink: unreadLinkTypes, decode.UnreadEtherType: unreadEtherTypes,
	decode.UnreadProtocol: unreadProtocols, decode.UnreadUDPPort: unreadUDPPorts,
}

func (l *list) unread(s *decode.Stats) {
	var items [decode.NumUnreadKinds][]Item
	for _, u := range s.Unread() {
		items[u.Kind] = append(items[u.Kind], Item{Name: u.Name(), Number: u.Number, Numbered: true, Count: u.Count})
	}
	for _, kind := range [...]decode.UnreadKind{decode.UnreadLink, decode.UnreadEtherType, decode.UnreadProtocol, decode.UnreadUDPPort} {
		l.add(unreadCauses[kind], s.UnreadFrames[kind], items[kind]...)
	}
	l.add(nestedTooDeep, s.TooDeep)
}

func (a *Addresses) items() (items []Item) {
	for _, of := range a.List[:min(len(a.List), MaxTop)] {
		items = append(items, Item{Name: of.Addr.String(), Count: of.Count})
	}
	return items
}

// judged counts the cut hellos of which enough was left.
func judged(u *Unseen) []Item {
	if u.CutJudged == 0 {
		return nil
	}
	return []Item{{Name: "with name and version", Count: u.CutJudged}}
}

// Names counts things by name. Its zero value is empty; it remembers MaxTop names.
type Names struct {
	counts []Item
	total  uint64
}

// Add counts one of a name.
func (n *Names) Add(name string) {
	n.total++
	for i := range n.counts {
		if n.counts[i].Name == name {
			n.counts[i].Count++
			return
		}
	}
	if len(n.counts) < MaxTop {
		n.counts = append(n.counts, Item{Name: name, Count: 1})
	}
}

func (n *Names) items() []Item { return top(n.counts) }
