package decode

import (
	"encoding/binary"

	"tlsfloor/capture"
	"tlsfloor/capture/defrag"
)

// maxHeaders bounds the headers of one IP packet that are no encapsulation:
// IPv6 extension headers and AH. RFC 8504, 5.3 lets hosts stop at eight, but
// not all do, and whoever adds a ninth must not become invisible.
const maxHeaders = 64

// maxFrame bounds how much longer a frame may claim to have been than what was
// captured of it. Offload makes packets of half a megabyte; a broken file may
// claim gigabytes.
const maxFrame = 1 << 20

// Options are what a Decoder cannot know by itself.
type Options struct {
	// VXLANPorts are UDP ports that carry VXLAN beside 4789 and 8472.
	VXLANPorts []uint16
	// Trust says whose tunnels are believed.
	Trust Trust
}

// Decoder decodes frames. It holds incomplete fragments from one frame to the
// next, and is used by one goroutine.
type Decoder struct {
	vxlanPorts  []uint16
	ports       *portSet // of tunnels
	trust       trust
	fragments   defrag.Store
	stats       Stats
	unread      unread
	disbelieved senders

	// The state of one Decode.
	packet   *Packet
	rest     []byte // captured bytes not read yet
	cut      int    // bytes that followed rest on the wire and were not captured
	networks int    // layers in packet.Network
	headers  int    // counted against maxHeaders
	protocol uint8  // the IP protocol that rest begins with
	accused  bool   // packet names the connection of its Anomalies
	result   Result
	inIP     bool // rest is in an IP packet; in a tunnel, in one inside of it
}

// New returns a Decoder.
func New(o Options) *Decoder {
	return &Decoder{vxlanPorts: append([]uint16(nil), o.VXLANPorts...), ports: tunnelPorts(o.VXLANPorts), trust: newTrust(o.Trust)}
}

// Stats returns the counts so far.
func (d *Decoder) Stats() Stats {
	s := d.stats
	s.Fragments = d.fragments.Stats()
	s.UnreadFrames, s.numUnread = d.unread.total, d.unread.list(&s.unread)
	s.numSenders = d.disbelieved.list(&s.senders)
	return s
}

// Clear forgets all incomplete datagrams.
func (d *Decoder) Clear() { d.fragments.Clear() }

// Decode finds the innermost TCP segment or UDP datagram of a frame. p is
// valid when the result is Segment or Datagram; otherwise only its Layers say
// how far Decode came, unless there are Anomalies. Layers beyond NumLayers are
// left as they were.
func (d *Decoder) Decode(f *capture.Frame, p *Packet) Result {
	p.Time, p.Source = f.Time, f.Source
	if f.Link == capture.LinkEthernet && plain(f.Data, p) {
		d.stats.Results[Segment]++
		d.stats.Layers[LayerVLAN] += uint64(p.NumLayers)
		return Segment
	}
	r := d.general(f, p)
	d.stats.Results[r]++
	return r
}

// A stage reads the header that d.rest begins with and names the stage for
// what follows it; nil when d.result is final. Every stage consumes at least
// one byte, takes one from a bounded budget, or ends.
type stage func(*Decoder) stage

func (d *Decoder) general(f *capture.Frame, p *Packet) Result {
	p.NumLayers, p.Anomalies, p.Word = 0, 0, LinkWord
	p.Network.reset()
	d.packet, d.rest, d.cut = p, f.Data, min(max(0, f.Length-len(f.Data)), maxFrame)
	d.networks, d.headers, d.accused, d.inIP, d.result = 0, 0, false, false, Foreign
	next := linkStage(f.Link)
	// Some programs write the link type of Ethernet before IP packets.
	if b := d.rest; f.Link == capture.LinkEthernet && len(b) != 0 && (b[0]>>4 == 4 || b[0]>>4 == 6) && bareIP(b, d.wire()) {
		next = (*Decoder).ip
	}
	for next != nil {
		next = next(d)
	}
	if p.Word.Own() && (d.result == Segment || d.result == Datagram || d.accused) && !d.own() {
		d.disbelieve(p.Sender, p.SenderV6)
		d.accused = false
	}
	switch {
	case d.result == Datagram:
		d.fragments.See(f.Time)
	case d.result == Malformed && d.cut > 0:
		d.stats.CutShort++
	}
	if d.result != Segment && d.result != Datagram && !d.accused {
		p.Anomalies = 0 // of a packet that is in no connection
	}
	return d.result
}

// end ends the decoding with a result.
func (d *Decoder) end(r Result) stage {
	d.result = r
	return nil
}

func (d *Decoder) tooDeep() stage {
	d.stats.TooDeep++
	return d.end(Foreign)
}

// enter records an encapsulation and goes on with what is in it.
func (d *Decoder) enter(l Layer, next stage) stage {
	p := d.packet
	if p.NumLayers == MaxLayers {
		return d.tooDeep()
	}
	l.Tunnel = d.inIP
	p.Layers[p.NumLayers] = l
	p.NumLayers++
	d.stats.Layers[l.Kind]++
	if id, ok := l.path(); ok {
		p.Network.add(d.networks, l.Kind, id)
		d.networks++
	}
	if l.Tunnel {
		d.inIP = false
		return d.tunnel(next)
	}
	return next
}

// take consumes a header of n bytes; nil when fewer were captured.
func (d *Decoder) take(n int) []byte {
	if n > len(d.rest) {
		return nil
	}
	h := d.rest[:n]
	d.rest = d.rest[n:]
	return h
}

// limit ends what is left after n bytes, as a header's length field says, and
// so cuts off the padding of short Ethernet frames. A length beyond the wire
// does not lengthen it: offload and tools that cut frames leave such.
func (d *Decoder) limit(n int) {
	if n <= len(d.rest) {
		d.rest, d.cut = d.rest[:n], 0
		return
	}
	d.cut = min(d.cut, n-len(d.rest))
}

// wire is how many bytes are left on the wire, captured or not.
func (d *Decoder) wire() int { return len(d.rest) + d.cut }

func u16(b []byte) uint16 { return binary.BigEndian.Uint16(b) }

func u32(b []byte) uint32 { return binary.BigEndian.Uint32(b) }
