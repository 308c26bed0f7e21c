package decode

import (
	"tlsfloor/capture/defrag"
	"tlsfloor/capture/encap"
)

const (
	moreFragmentsIPv4 = 0x2000
	offsetIPv4        = 0x1fff
	moreFragmentsIPv6 = 0x0001
	offsetIPv6        = 0xfff8
	fragmentHeader    = 8
	maxIPLength       = 65535
	portsSize         = 4 // of the ports at the start of a TCP header
)

// fragmentIPv4 goes on after an IPv4 header, h, that has the flag "more fragments"
// or an offset (RFC 791, 3.2).
func (d *Decoder) fragmentIPv4(h []byte) stage {
	p := d.packet
	field := u16(h[6:])
	key := defrag.Key{
		Src: p.Src, Dst: p.Dst, Network: p.Network,
		ID: uint32(u16(h[4:])), Protocol: h[9],
	}
	return d.fragment(key, defrag.Fragment{
		From:  int(field&offsetIPv4) * 8,
		Last:  field&moreFragmentsIPv4 == 0,
		Limit: maxIPLength - len(h),
	})
}

// fragmentIPv6 reads the fragment header of RFC 8200, 4.5. An atomic fragment
// (offset 0, no more to come; RFC 6946) is a complete packet.
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
	// The next header is not part of the key: that of the first fragment counts,
	// and the others may differ from it (RFC 8200, 4.5).
	key := defrag.Key{Src: p.Src, Dst: p.Dst, Network: p.Network, ID: u32(h[4:]), V6: true}
	return d.fragment(key, defrag.Fragment{
		From:  int(field & offsetIPv6),
		Last:  field&moreFragmentsIPv6 == 0,
		Limit: maxIPLength,
	})
}

// fragment adds d.rest to the datagrams that wait for fragments, and goes on with
// the datagram if it is complete now.
func (d *Decoder) fragment(key defrag.Key, f defrag.Fragment) stage {
	p := d.packet
	if p.Word.Own() && !d.narrowWord() {
		return d.disbelieve(p.Sender, p.SenderV6)
	}
	key.Origin = uint8(p.Word)
	f.To, f.Data, f.Anomalies = f.From+d.wire(), d.rest, p.Anomalies
	f.Protocol, f.NoTCP = d.protocol, encap.ProtocolWithoutTCP(d.protocol)
	r := d.fragments.Add(key, f, p.Time)
	if r.Ports != nil {
		d.accuse(r.Ports, r.Anomalies)
	}
	if d.tracing && r.Datagram != 0 {
		d.traced = append(d.traced, r.Datagram)
	}
	switch r.State {
	case defrag.Refused:
		return d.end(Malformed)
	case defrag.Complete:
		d.rest, d.cut, d.protocol = r.Data, r.Cut, r.Protocol
		p.Anomalies |= r.Anomalies
		return (*Decoder).upper
	}
	return d.end(Foreign) // it waits for others
}

// accuse has the packet name the connection whose fragments have anomalies, by the
// ports at the start of its TCP header.
func (d *Decoder) accuse(ports []byte, odd Anomaly) {
	p := d.packet
	p.Proto, p.SrcPort, p.DstPort = TCP, u16(ports), u16(ports[2:])
	p.Payload, p.Missing, p.Flags = nil, 0, 0
	p.Anomalies, d.accused = odd, true
}
