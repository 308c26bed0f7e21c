package decode

import (
	"encoding/binary"

	"tlsfloor/capture"
)

// maxHeaders bounds the headers of one IP packet that are no encapsulation:
// IPv6 extension headers and AH. RFC 8504, 5.3 has hosts stop at eight.
const maxHeaders = 8

// maxFrame bounds how much longer a frame may claim to have been than what was
// captured of it. Offload makes packets of half a megabyte; a broken file may
// claim gigabytes.
const maxFrame = 1 << 20

// Options are what a Decoder cannot know by itself.
type Options struct {
	// VXLANPorts are UDP ports that carry VXLAN beside 4789 and 8472.
	VXLANPorts []uint16
}

// Decoder decodes frames. It holds incomplete fragments from one frame to the
// next, and is used by one goroutine.
type Decoder struct {
	vxlanPorts []uint16
	fragments  fragmentStore
	stats      Stats

	// The state of one Decode.
	packet   *Packet
	rest     []byte // captured bytes not read yet
	cut      int    // bytes that followed rest on the wire and were not captured
	networks int    // ids in packet.Network
	headers  int    // counted against maxHeaders
	protocol uint8  // the IP protocol that rest begins with
	result   Result
}

// New returns a Decoder.
func New(o Options) *Decoder {
	d := &Decoder{vxlanPorts: append([]uint16(nil), o.VXLANPorts...)}
	d.fragments.stats = &d.stats.Fragments
	return d
}

// Stats returns the counts so far.
func (d *Decoder) Stats() Stats { return d.stats }

// Clear forgets all incomplete datagrams.
func (d *Decoder) Clear() {
	d.stats.Fragments.Held, d.stats.Fragments.HeldBytes = 0, 0
	d.fragments = fragmentStore{stats: &d.stats.Fragments}
}

// Decode finds the innermost TCP segment or UDP datagram of a frame. p is
// valid when the result is Segment or Datagram; otherwise only its Layers say
// how far Decode came. Layers beyond NumLayers are left as they were.
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
	p.NumLayers, p.Anomalies = 0, 0
	p.Network.reset()
	d.packet, d.rest, d.cut = p, f.Data, min(max(0, f.Length-len(f.Data)), maxFrame)
	d.networks, d.headers, d.result = 0, 0, Foreign
	for next := linkStage(f.Link); next != nil; {
		next = next(d)
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
	p.Layers[p.NumLayers] = l
	p.NumLayers++
	d.stats.Layers[l.Kind]++
	if l.separates() {
		p.Network.add(d.networks, l)
		d.networks++
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
