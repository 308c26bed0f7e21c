package decode

import (
	"encoding/binary"

	"tlsfloor/capture"
	"tlsfloor/capture/defrag"
	"tlsfloor/capture/encap"
)

// maxHeaders bounds the headers of one IP packet that are no encapsulation: IPv6
// extension headers and AH. RFC 8504, 5.3 lets hosts stop at eight, but not all do,
// and nine must not be enough to hide a connection.
const maxHeaders = 64

// maxFrame bounds how much longer a frame may claim to have been than what was
// captured of it. Offload makes packets of half a megabyte; a broken file may claim
// gigabytes.
const maxFrame = 1 << 20

// Options are what a Decoder cannot find out from packets.
type Options struct {
	// VXLANPorts are UDP ports that carry VXLAN beside 4789, 4790 and 8472.
	VXLANPorts []uint16
	// Trust lists the senders whose tunnels are believed.
	Trust Trust
}

// Decoder decodes frames. It holds incomplete fragments from one frame to the next,
// and is used by one goroutine.
type Decoder struct {
	ports       *encap.Ports
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
	tracing  bool   // note datagrams in traced
	traced   []uint32
	accused  bool // packet names the connection of its Anomalies
	result   Result
	inIP     bool // rest is in an IP packet; within a tunnel, in one inside it
}

// Stats counts what a Decoder has done.
type Stats struct {
	Results    [numResults]uint64     // frames, by Result
	Layers     [encap.NumKinds]uint64 // encapsulations taken off, by their kind
	TooDeep    uint64                 // frames not decoded: more than maxLayers encapsulations, or too many headers
	NotTunnels uint64                 // datagrams on a tunnel's port that held no such tunnel, and were delivered as they are
	Fragments  defrag.Stats

	// CutShort counts frames whose captured bytes end before the TCP header: the
	// snapshot length was too small.
	CutShort uint64
	// UnreadFrames counts frames that were not read, by UnreadKind. Unread returns
	// what they held.
	UnreadFrames [NumUnreadKinds]uint64

	unread     [maxUnread]Unread // arrays, so that Stats can be compared
	senders    [maxListed]SenderCount
	numUnread  int
	numSenders int
}

// Disbelieved returns the senders of the packets whose Result was Disbelieved, the
// most frequent first: at most maxListed, of the first maxSenders. The list belongs
// to the Stats and must not be changed.
func (s *Stats) Disbelieved() []SenderCount { return s.senders[:s.numSenders] }

// Unread returns what was not read, the most frequent first: at most maxUnread. The
// list belongs to the Stats and must not be changed.
func (s *Stats) Unread() []Unread { return s.unread[:s.numUnread] }

// New returns a Decoder.
func New(o Options) *Decoder {
	return &Decoder{ports: encap.NewPorts(o.VXLANPorts), trust: newTrust(o.Trust)}
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

// Decode finds the innermost TCP segment or UDP datagram of a frame. p is valid when
// the result is Segment or Datagram. Otherwise only its Layers tell how far Decode
// came, unless there are Anomalies. Layers beyond NumLayers are left as they were.
func (d *Decoder) Decode(f *capture.Frame, p *Packet) Result {
	p.Time, p.Source = f.Time, f.Source
	if f.Link == capture.LinkEthernet && plain(f.Data, p) {
		d.stats.Results[Segment]++
		d.stats.Layers[encap.VLAN] += uint64(p.NumLayers)
		return Segment
	}
	r := d.general(f, p)
	d.stats.Results[r]++
	return r
}

// Trace is Decode, and also returns the numbers of the datagrams that the frame has
// fragments of, the outermost first (defrag.Result.Datagram). All but the last are
// complete with this frame, and so is the last if the result is Segment or Datagram. The
// list is valid until the next call.
func (d *Decoder) Trace(f *capture.Frame, p *Packet) (Result, []uint32) {
	d.tracing, d.traced = true, d.traced[:0]
	return d.Decode(f, p), d.traced
}

// A stage reads the header that d.rest begins with and returns the stage for what
// follows it, or nil when d.result is final. Every stage consumes at least one byte,
// or counts against a bound, or ends.
type stage func(*Decoder) stage

func (d *Decoder) general(f *capture.Frame, p *Packet) Result {
	p.NumLayers, p.Anomalies, p.Word = 0, 0, LinkWord
	p.Network.reset()
	d.packet, d.rest, d.cut = p, f.Data, min(max(0, f.Length-len(f.Data)), maxFrame)
	d.networks, d.headers, d.accused, d.inIP, d.result = 0, 0, false, false, Foreign
	next := linkStage(f.Link)
	// Some programs write the link type of Ethernet for IP packets.
	if b := d.rest; f.Link == capture.LinkEthernet && len(b) != 0 && (b[0]>>4 == 4 || b[0]>>4 == 6) && encap.BareIP(b, d.wire()) {
		next = (*Decoder).ip
	}
	for next != nil {
		next = next(d)
	}
	if p.Word.Own() && (d.result == Segment || d.result == Datagram || d.accused) && !d.narrowWord() {
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
		p.Anomalies = 0 // the packet names no connection
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

// enter records an encapsulation and goes on with next, the stage for its content.
func (d *Decoder) enter(l encap.Layer, next stage) stage {
	p := d.packet
	if p.NumLayers == maxLayers {
		return d.tooDeep()
	}
	l.Tunnel = d.inIP
	p.Layers[p.NumLayers] = l
	p.NumLayers++
	d.stats.Layers[l.Kind]++
	if id, ok := l.Network(); ok {
		p.Network.add(d.networks, l.Kind, id)
		d.networks++
	}
	if l.Tunnel {
		d.inIP = false
		return d.tunnel(next)
	}
	return next
}

// take consumes a header of n bytes, and returns nil when fewer were captured.
func (d *Decoder) take(n int) []byte {
	if n > len(d.rest) {
		return nil
	}
	h := d.rest[:n]
	d.rest = d.rest[n:]
	return h
}

// limit ends what is left after n bytes, as a header's length field requires. This
// cuts off the padding of short Ethernet frames. A length that is longer than what
// was on the wire is ignored: offload, and tools that cut frames, leave such.
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
