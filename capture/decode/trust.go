package decode

import (
	"cmp"
	"encoding/binary"
	"net/netip"
	"slices"
)

// Trust lists the senders whose tunnels are believed. Anybody who can send one datagram
// to a tunnel's port can put any packet into it, with any addresses. The zero value
// believes all senders: it is for captures, whose content somebody has chosen already.
//
// A tunnel is an encapsulation that an IP packet carries. Its sender is the source of
// that packet. Tags and headers of the link (VLAN, MPLS, PPPoE, 802.1BR, NSH in
// Ethernet and the like) are no tunnels, because nobody can send them from beyond the
// link. Of nested tunnels the sender of each one has to be believed.
type Trust struct {
	// Limited: only senders to which Own or From applies are believed.
	Limited bool
	// Own: every sender is believed about packets to and from itself. See SourceWord.
	Own bool
	// From are the senders that are believed about everything.
	From []netip.Prefix
}

// Word tells who vouches for a packet: the link on which it was captured, or the
// sender of the tunnel in which it came.
type Word uint8

const (
	// LinkWord: there is no tunnel around the packet.
	LinkWord Word = iota
	// SenderWord: it came in a tunnel of Packet.Sender, which is believed about
	// everything.
	SenderWord
	// SourceWord: it came in a tunnel of Packet.Sender, which is believed about its own
	// packets only, and is the source of this one.
	SourceWord
	// DestinationWord: the same, and the sender is the destination.
	DestinationWord
)

// Own reports whether the sender is believed about its own packets only.
func (w Word) Own() bool { return w >= SourceWord }

// trust is a Trust in a form that is quick to look things up in.
type trust struct {
	limited, own bool
	from         []span
}

// span is a prefix: the addresses whose bits under the mask equal first. An IPv4
// prefix is in the form of an Addr.
type span struct {
	first, mask [2]uint64
	v6          bool
}

func newTrust(t Trust) trust {
	out := trust{limited: t.Limited, own: t.Own}
	for _, p := range t.From {
		s := span{v6: p.Addr().Is6()}
		bits := p.Bits()
		if !s.v6 {
			bits += 96
		}
		s.mask[0] = ^uint64(0) << (64 - min(bits, 64))
		s.mask[1] = ^uint64(0) << (128 - max(bits, 64))
		a := Addr(p.Addr().As16())
		s.first = a.masked(s.mask)
		out.from = append(out.from, s)
	}
	return out
}

func (a *Addr) masked(mask [2]uint64) [2]uint64 {
	return [2]uint64{binary.BigEndian.Uint64(a[:8]) & mask[0], binary.BigEndian.Uint64(a[8:]) & mask[1]}
}

// everything reports whether a sender is believed about everything.
func (t *trust) everything(sender *Addr, v6 bool) bool {
	if !t.limited {
		return true
	}
	for i := range t.from {
		if s := &t.from[i]; s.v6 == v6 && sender.masked(s.mask) == s.first {
			return true
		}
	}
	return false
}

// tunnel goes on in a tunnel whose header was read, unless its sender, the source of
// the current IP packet, is believed about nothing.
//
// A mirror also repeats tunnels that a stranger sends to the mirrored host. So the
// sender of each nested tunnel has to be believed itself, and no tunnel is read inside
// that of a sender which is believed about its own packets only.
func (d *Decoder) tunnel(next stage) stage {
	p := d.packet
	everything := d.trust.everything(&p.Src, p.V6)
	switch {
	case p.Word.Own(), !everything && !d.trust.own:
		return d.disbelieve(p.Src, p.V6)
	case !everything:
		p.Word = SourceWord // for now: narrowWord decides
	case p.Word == LinkWord:
		p.Word = SenderWord
	default:
		return next
	}
	p.Sender, p.SenderV6 = p.Src, p.V6
	return next
}

// narrowWord sets the Word of a packet to or from its sender, which is believed about no
// others, and reports whether it is such a packet.
func (d *Decoder) narrowWord() bool {
	p := d.packet
	switch {
	case p.V6 != p.SenderV6: // ::ffff:10.0.0.1 in IPv6 is not 10.0.0.1
		return false
	case p.Src == p.Sender:
		p.Word = SourceWord
	case p.Dst == p.Sender:
		p.Word = DestinationWord
	default:
		return false
	}
	return true
}

// disbelieve ends the decoding of a packet in a tunnel whose sender is not believed.
func (d *Decoder) disbelieve(of Addr, v6 bool) stage {
	d.packet.Sender, d.packet.SenderV6 = of, v6
	d.disbelieved.add(sender{of, v6})
	return d.end(Disbelieved)
}

const (
	// maxSenders bounds the senders that have a count of their own: a source address
	// is easily forged.
	maxSenders = 1024
	// maxListed bounds the list that Stats.Disbelieved returns.
	maxListed = 16
)

// sender is an address without a pointer.
type sender struct {
	addr Addr
	v6   bool
}

// senders counts packets by who sent the tunnel around them.
type senders map[sender]uint64

func (s *senders) add(of sender) {
	if _, ok := (*s)[of]; !ok && len(*s) >= maxSenders {
		return
	}
	if *s == nil {
		*s = make(senders)
	}
	(*s)[of]++
}

// SenderCount counts packets whose sender was not believed.
type SenderCount struct {
	Addr  netip.Addr
	Count uint64
}

func (a SenderCount) compare(b SenderCount) int {
	return cmp.Or(cmp.Compare(b.Count, a.Count), a.Addr.Compare(b.Addr))
}

// list writes the senders with the most packets to dst, in descending order, and
// returns how many there are.
func (s senders) list(dst *[maxListed]SenderCount) (n int) {
	all := make([]SenderCount, 0, len(s))
	for of, count := range s {
		all = append(all, SenderCount{of.addr.Netip(of.v6), count})
	}
	slices.SortFunc(all, SenderCount.compare)
	return copy(dst[:], all)
}
