package decode

// A fragment is one piece of a datagram as it came over the wire.
type fragment struct {
	from, to int    // the bytes of the datagram it claims; to is above from
	last     bool   // no more fragments follow
	protocol uint8  // what the datagram begins with; counts in the first only
	data     []byte // the captured part of from to to
	odd      Anomaly
}

const (
	moreFragmentsIPv4 = 0x2000
	offsetIPv4        = 0x1fff
	moreFragmentsIPv6 = 0x0001
	offsetIPv6        = 0xfff8
	fragmentHeader    = 8
	maxIPLength       = 65535
)

// fragmentIPv4 goes on after an IPv4 header, h, that says more fragments or an
// offset (RFC 791, 3.2).
func (d *Decoder) fragmentIPv4(h []byte) stage {
	p := d.packet
	field := u16(h[6:])
	key := fragmentKey{
		src: p.Src, dst: p.Dst, network: p.Network,
		id: uint32(u16(h[4:])), protocol: h[9],
	}
	return d.fragment(key, fragment{
		from: int(field&offsetIPv4) * 8,
		last: field&moreFragmentsIPv4 == 0,
	}, maxIPLength-len(h))
}

// fragmentIPv6 reads the fragment header of RFC 8200, 4.5. An atomic fragment
// (offset 0, no more to come; RFC 6946) is whole and waits for nobody.
func (d *Decoder) fragmentIPv6() stage {
	if !d.countHeader() {
		return d.tooDeep()
	}
	h := d.take(fragmentHeader)
	if h == nil {
		return d.end(Malformed)
	}
	d.protocol = h[0]
	p := d.packet
	field := u16(h[2:])
	if field&(offsetIPv6|moreFragmentsIPv6) == 0 {
		return (*Decoder).upper
	}
	// The next header of the first fragment counts; the others' may differ
	// from it (RFC 8200, 4.5), and so are no part of the key.
	key := fragmentKey{src: p.Src, dst: p.Dst, network: p.Network, id: u32(h[4:]), v6: true}
	return d.fragment(key, fragment{
		from: int(field & offsetIPv6),
		last: field&moreFragmentsIPv6 == 0,
	}, maxIPLength)
}

// fragment hands d.rest to the store, and goes on with the datagram if that
// made it whole.
func (d *Decoder) fragment(key fragmentKey, f fragment, limit int) stage {
	if d.packet.Word.Own() && !d.own() {
		return d.disbelieve(d.packet.Sender, d.packet.SenderV6)
	}
	key.word = d.packet.Word
	d.stats.Fragments.Received++
	f.to, f.data, f.protocol, f.odd = f.from+d.wire(), d.rest, d.protocol, d.packet.Anomalies
	if !key.v6 && !f.last {
		f.trim()
	}
	if !f.sound(limit) {
		d.stats.Fragments.Refused++
		return d.end(Malformed)
	}
	d.fragments.clock.see(d.packet.Time)
	whole, answer := d.fragments.add(key, f, d.packet.Time)
	if answer != complete && whole.anomalies != 0 {
		d.accuse(whole.data, whole.anomalies)
	}
	switch answer {
	case contradicted:
		d.stats.Fragments.Refused++
		return d.end(Malformed)
	case waiting:
		return d.end(Foreign)
	default:
		d.rest, d.cut, d.protocol = whole.data, whole.cut, whole.protocol
		d.packet.Anomalies |= whole.anomalies
		return (*Decoder).upper
	}
}

// accuse has the packet name the connection whose fragments are odd, by the ports
// at the start of its TCP header.
func (d *Decoder) accuse(ports []byte, odd Anomaly) {
	p := d.packet
	p.Proto, p.SrcPort, p.DstPort = TCP, u16(ports), u16(ports[2:])
	p.Payload, p.Missing, p.Flags = nil, 0, 0
	p.Anomalies, d.accused = odd, true
}

// portsSize is the bytes that the ports take at the start of a TCP header.
const portsSize = 4

// trim cuts an IPv4 fragment that others follow to a multiple of eight bytes,
// as Linux does with those that are none. IPv6 has such a fragment discarded
// (RFC 8200, 4.5).
func (f *fragment) trim() {
	f.to &^= 7
	f.data = f.data[:min(len(f.data), max(0, f.to-f.from))]
}

// sound reports whether the fragment may be part of any datagram: not empty
// (teardrop), not past the longest packet (ping of death), and a multiple of
// eight bytes unless it is the last.
func (f *fragment) sound(limit int) bool {
	return f.from < f.to && f.to <= limit && (f.last || f.to%8 == 0)
}

// ports returns the bytes with the ports of a first fragment of TCP; nil: it is
// no such fragment.
func (f *fragment) ports() []byte {
	if f.from != 0 || f.protocol != uint8(TCP) || len(f.data) < portsSize {
		return nil
	}
	return f.data[:portsSize]
}

// tiny reports whether a first fragment ends inside the TCP header, which hides
// ports or flags from a filter that reads the first fragment only (RFC 1858, 3;
// RFC 3128).
func (f *fragment) tiny() bool {
	if f.from != 0 || f.protocol != uint8(TCP) {
		return false
	}
	return f.to < tcpHeader || len(f.data) > 12 && f.to < int(f.data[12]>>4)*4
}
