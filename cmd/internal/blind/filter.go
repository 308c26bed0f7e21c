package blind

import (
	"encoding/binary"

	"tlsfloor/capture"
	"tlsfloor/capture/decode"
)

const (
	// The first examined frames that do not match are decoded, and after them one in
	// examinedEach. Decoding a frame costs at most about as much as matching it.
	examined     = 1 << 16
	examinedEach = 64
)

// Filter finds out what a BPF expression leaves out of captures without intent. An
// expression like "tcp port 443" compares the outermost headers, so it matches no
// packet that has a VLAN tag or is in a tunnel: a capture then looks clean although
// nothing of it was read.
type Filter struct {
	compile capture.Compiler
	bare    capture.Matcher // for the TCP packet alone; nil: it does not compile for that
	tried   bool            // to compile bare
	decoder *decode.Decoder
	packet  decode.Packet
	seen    uint64
	hidden  Names
	scratch [bareHeader]byte
}

// NewFilter returns a Filter for the expression that compile compiles. The caller
// uses its method Compile in place of compile.
func NewFilter(compile capture.Compiler, o decode.Options) *Filter {
	return &Filter{compile: compile, decoder: decode.New(o)}
}

// Hidden counts the frames that the expression would have matched without the tags
// and tunnels around the packet, by the kind of the outermost one. In a long capture
// it counts a sample.
func (f *Filter) Hidden() Names { return f.hidden }

// Compile implements capture.Compiler.
func (f *Filter) Compile(link capture.LinkType, snaplen int) (capture.Matcher, error) {
	m, err := f.compile(link, snaplen)
	if err != nil {
		return nil, err
	}
	return &watched{m, f, link}, nil
}

// watched is a Matcher that has frames examined which it does not match.
type watched struct {
	matcher capture.Matcher
	filter  *Filter
	link    capture.LinkType
}

// Matches implements capture.Matcher.
func (w *watched) Matches(data []byte, length int) bool {
	if w.matcher.Matches(data, length) {
		return true
	}
	w.filter.examine(data, length, w.link)
	return false
}

// examine counts a frame if the TCP packet in it alone would match.
func (f *Filter) examine(data []byte, length int, link capture.LinkType) {
	if f.seen++; f.seen > examined && f.seen%examinedEach != 0 {
		return
	}
	frame := capture.Frame{Data: data, Length: length, Link: link}
	p := &f.packet
	if f.decoder.Decode(&frame, p) != decode.Segment || p.NumLayers == 0 || !f.matchesBare(p) {
		return
	}
	f.hidden.Add(p.Layers[0].Kind.String())
}

// matchesBare reports whether the packet matches without tags and tunnels.
func (f *Filter) matchesBare(p *decode.Packet) bool {
	if !f.tried {
		f.tried = true
		f.bare, _ = f.compile(capture.LinkEthernet, len(f.scratch))
	}
	if f.bare == nil {
		return false
	}
	b := appendBare(f.scratch[:0], p)
	return f.bare.Matches(b, len(b)+len(p.Payload)+p.Missing)
}

// bareHeader is the length of the headers of Ethernet, IPv6 and TCP, without options.
const bareHeader = 14 + 40 + 20

// appendBare appends the headers of an Ethernet frame with p in it. Fields that
// expressions do not use are zero.
func appendBare(b []byte, p *decode.Packet) []byte {
	size := 20 + len(p.Payload) + p.Missing
	b = append(b, make([]byte, 12)...)
	if p.V6 {
		b = append(b, 0x86, 0xdd, 0x60, 0, 0, 0)
		b = binary.BigEndian.AppendUint16(b, uint16(size))
		b = append(b, byte(decode.TCP), 64)
		b = append(append(b, p.Src[:]...), p.Dst[:]...)
	} else {
		b = append(b, 0x08, 0, 0x45, 0)
		b = binary.BigEndian.AppendUint16(b, uint16(20+size))
		b = append(b, 0, 0, 0, 0, 64, byte(decode.TCP), 0, 0)
		b = append(append(b, p.Src[12:]...), p.Dst[12:]...)
	}
	b = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(b, p.SrcPort), p.DstPort)
	b = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(b, p.Seq), p.Ack)
	return append(b, 5<<4, byte(p.Flags), 0xff, 0xff, 0, 0, 0, 0)
}
