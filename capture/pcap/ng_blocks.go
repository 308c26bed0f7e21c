package pcap

import (
	"encoding/binary"
	"fmt"

	"tlsfloor/capture"
)

// Options of an Interface Description Block.
const (
	optionEnd      = 0
	optionTSResol  = 9
	optionTSOffset = 14
)

func (r *ngReader) section(body []byte) error {
	if len(body) < minSectionBody {
		return r.place().damaged("is too short for a section header")
	}
	major, minor := r.u16(body[4:]), r.u16(body[6:])
	if major != 1 || minor != 0 && minor != 2 {
		return fmt.Errorf("%w: pcapng version %d.%d", capture.ErrUnsupported, major, minor)
	}
	r.interfaces = r.interfaces[:0]
	return nil
}

func (r *ngReader) iface(body []byte) error {
	if len(body) < minInterfaceBody {
		return r.place().damaged("is too short for an interface description")
	}
	if len(r.interfaces) == maxInterfaces {
		return r.place().damaged("describes more than %d interfaces", maxInterfaces)
	}
	r.interfaces = append(r.interfaces, ngInterface{
		link:    linkType(r.u16(body)),
		snaplen: r.u32(body[4:]),
		scale:   r.timestamps(body[minInterfaceBody:]),
	})
	return nil
}

// timestamps reads the resolution and the offset of an interface's times from its
// options. Of a list that is cut off, what is there counts.
func (r *ngReader) timestamps(options []byte) scale {
	s, offset := microseconds, int64(0)
	for len(options) >= 4 {
		code, length := r.u16(options), int(r.u16(options[2:]))
		options = options[4:]
		if code == optionEnd || length > len(options) {
			break
		}
		switch {
		case code == optionTSResol && length == 1:
			s = newScale(options[0])
		case code == optionTSOffset && length == 8:
			offset = r.i64(options)
		}
		options = options[min((length+3)&^3, len(options)):]
	}
	s.setOffset(offset)
	return s
}

func (r *ngReader) enhanced(body []byte, f *capture.Frame) error {
	if len(body) < packetBodyLen {
		return r.place().damaged("is too short for a packet")
	}
	return r.packet(r.u32(body), body, f)
}

// obsolete reads a Packet Block. It differs from an Enhanced Packet Block in the
// interface number, which is shorter and followed by a count of drops.
func (r *ngReader) obsolete(body []byte, f *capture.Frame) error {
	if len(body) < packetBodyLen {
		return r.place().damaged("is too short for a packet")
	}
	return r.packet(uint32(r.u16(body)), body, f)
}

func (r *ngReader) packet(id uint32, body []byte, f *capture.Frame) error {
	if uint64(id) >= uint64(len(r.interfaces)) {
		return r.unknownInterface(id)
	}
	on := &r.interfaces[id]
	captured := r.u32(body[12:])
	if captured > MaxCaptured || int(captured) > len(body)-packetBodyLen {
		return r.tooLong(captured)
	}
	r.last = on.scale.time(r.timestamp(body[4:]))
	r.set(f, body[packetBodyLen:packetBodyLen+captured], r.u32(body[16:]), on.link)
	return nil
}

// simple reads a Simple Packet Block: a packet of the first interface, cut at its
// snapshot length.
func (r *ngReader) simple(body []byte, f *capture.Frame) error {
	if len(body) < 4 {
		return r.place().damaged("is too short for a packet")
	}
	if len(r.interfaces) == 0 {
		return r.unknownInterface(0)
	}
	on := &r.interfaces[0]
	length := r.u32(body)
	captured := length
	if on.snaplen != 0 {
		captured = min(captured, on.snaplen)
	}
	if captured > MaxCaptured || int(captured) > len(body)-4 {
		return r.tooLong(captured)
	}
	r.set(f, body[4:4+captured], length, on.link)
	return nil
}

func (r *ngReader) set(f *capture.Frame, data []byte, length uint32, link capture.LinkType) {
	f.Time = r.last
	f.Data = data[:len(data):len(data)]
	f.Length = max(int(length), len(data))
	f.Link = link
	f.Source = r.source
}

func (r *ngReader) unknownInterface(id uint32) error {
	return r.place().damaged("is of interface %d, which the section does not describe", id)
}

func (r *ngReader) tooLong(captured uint32) error {
	return r.place().damaged("claims %d captured bytes, more than it holds or than the limit of %d", captured, MaxCaptured)
}

func (r *ngReader) u16(b []byte) uint16 {
	if r.bigEndian {
		return binary.BigEndian.Uint16(b)
	}
	return binary.LittleEndian.Uint16(b)
}

func (r *ngReader) u32(b []byte) uint32 {
	if r.bigEndian {
		return binary.BigEndian.Uint32(b)
	}
	return binary.LittleEndian.Uint32(b)
}

// timestamp reads a timestamp, which is stored as two numbers, the higher one first.
func (r *ngReader) timestamp(b []byte) uint64 {
	return uint64(r.u32(b))<<32 | uint64(r.u32(b[4:]))
}

// i64 reads a 64-bit number: unlike a timestamp, it is in the section's byte order as
// a whole.
func (r *ngReader) i64(b []byte) int64 {
	if r.bigEndian {
		return int64(binary.BigEndian.Uint64(b))
	}
	return int64(binary.LittleEndian.Uint64(b))
}
