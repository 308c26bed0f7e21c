package keep

import (
	"fmt"
	"strings"

	"tlsfloor/capture"
	"tlsfloor/capture/decode"
	"tlsfloor/capture/pcap"
	"tlsfloor/classify"
	"tlsfloor/classify/endpoint"
)

// Flag writes the frames of a flow that was flagged, and from now on those that follow.
func (k *Keeper) Flag(f *classify.Finding) {
	k.stats.Flows++
	key := keyOfFinding(f)
	i := k.flows.index[key]
	known := i != 0
	if !known {
		i = k.enter(key, flagged)
	}
	r := &k.flows.records[i]
	whole := known && !r.cut
	if r.counted = !whole; !whole {
		k.stats.NotWhole++
	}
	if f.HostSource == classify.NameDNS {
		k.writeAnswer(f)
	}
	switch {
	case i == 0: // there is no room for a single flow
	case r.frames.frames > 0:
		k.writeHeld(&r.frames, f.Time, commentOn(f, whole))
	default:
		k.pending[i] = pending{text: commentOn(f, true), unknown: !known, givenUp: r.cut, at: f.Time}
	}
	k.flush()
	if i != 0 {
		r.left, r.cut = maxTail, false
		k.flows.touch(i, flagged, k.claimed)
	}
}

// writeHeld writes frames, the comment at the one of this time or else at the first, and
// releases them.
func (k *Keeper) writeHeld(l *list, at int64, comment string) {
	best, n := 0, 0
	k.store.each(l, func(f *capture.Frame, _ uint16) {
		if f.Time == at {
			best, at = n, -1
		}
		n++
	})
	n = 0
	k.store.each(l, func(f *capture.Frame, source uint16) {
		text := ""
		if n == best {
			text = comment
		}
		k.write(f, source, text)
		n++
	})
	k.store.release(l)
}

// append writes a frame of a flagged flow, unless enough was written of it.
func (k *Keeper) append(i int32, f *capture.Frame, p *decode.Packet, parts []uint32, fromLow bool) {
	r := &k.flows.records[i]
	var before list
	k.datagrams.move(&k.store, parts, &before)
	k.store.each(&before, func(f *capture.Frame, source uint16) { k.write(f, source, "") })
	k.write(f, k.sources.number(f), k.comment(i, f))
	k.flush()
	r.left -= before.bytes + int32(len(f.Data))
	k.store.release(&before)
	if r.left <= 0 {
		k.forget(i)
		return
	}
	k.flows.touch(i, r.endsWith(p, fromLow), k.claimed)
}

// comment returns the comment of a frame of a flagged flow.
func (k *Keeper) comment(i int32, f *capture.Frame) string {
	p, ok := k.pending[i]
	if !ok {
		return ""
	}
	delete(k.pending, i)
	switch {
	case !p.unknown:
	case p.givenUp || f.Time != p.at:
		p.text += notWhole
	default:
		k.stats.NotWhole--
		k.flows.records[i].counted = false
	}
	return p.text
}

// endsWith returns the class of a flagged flow after a packet.
func (r *record) endsWith(p *decode.Packet, fromLow bool) class {
	if p.Flags&decode.FIN != 0 {
		side := 0
		if fromLow {
			side = 1
		}
		r.fin[side] = true
	}
	if r.class == ended || p.Flags&decode.RST != 0 || r.fin[0] && r.fin[1] {
		return ended
	}
	return flagged
}

// write adds a frame to the group.
func (k *Keeper) write(f *capture.Frame, source uint16, comment string) {
	k.group = pcap.AppendPacket(k.group, k.sources.in(k.to, source), f, comment)
	k.packets++
}

// flush gives the group to the Writer.
func (k *Keeper) flush() {
	if k.packets == 0 {
		return
	}
	k.stats.Packets += uint64(k.packets)
	k.to.Write(k.group, k.packets)
	k.group, k.packets = k.group[:0], 0
}

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
	if id := endpoint.CommunityID(&f.Observation); id != "" {
		fmt.Fprintf(&b, "; community_id %s", id)
	}
	if !whole {
		b.WriteString(notWhole)
	}
	return b.String()
}

// notWhole is at the end of the comment on a flow of which packets are missing.
const notWhole = "; some of its packets are missing: there was no memory to hold them"

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
