package pcap

import (
	"encoding/binary"
	"fmt"
	"testing"

	"tlsfloor/capture"
	"tlsfloor/capture/testing/captures"
)

func TestPcapngBlocks(t *testing.T) {
	const at = 1_772_366_400_123_456_000
	for _, order := range captures.ByteOrders {
		section := captures.NgSection(order, 1, 0)
		ethernet := captures.NgInterface(order, 1, 0)
		short := captures.NgInterface(order, 1, 4)
		frame := capture.Frame{Time: at, Data: []byte("abcde"), Length: 60, Link: 1}
		tests := map[string]struct {
			content []byte
			want    []capture.Frame
		}{
			"section only":          {section, nil},
			"enhanced":              {captures.Join(section, ethernet, captures.NgEnhanced(order, 0, at/1000, frame.Data, 60)), []capture.Frame{frame}},
			"obsolete":              {captures.Join(section, ethernet, captures.NgObsolete(order, 0, at/1000, frame.Data, 60)), []capture.Frame{frame}},
			"minor version 2":       {captures.Join(captures.NgSection(order, 1, 2), ethernet, captures.NgEnhanced(order, 0, at/1000, frame.Data, 60)), []capture.Frame{frame}},
			"captured over snaplen": {captures.Join(section, short, captures.NgEnhanced(order, 0, at/1000, frame.Data, 60)), []capture.Frame{frame}},
			"simple": {
				captures.Join(section, ethernet, captures.NgSimple(order, frame.Data, 5)),
				[]capture.Frame{{Data: frame.Data, Length: 5, Link: 1}},
			},
			"simple, cut by snaplen": {
				captures.Join(section, short, captures.NgSimple(order, frame.Data[:4], 5)),
				[]capture.Frame{{Data: frame.Data[:4], Length: 5, Link: 1}},
			},
			"simple, with the time of the one before": {
				captures.Join(section, ethernet, captures.NgEnhanced(order, 0, at/1000, frame.Data, 60), captures.NgSimple(order, frame.Data, 5)),
				[]capture.Frame{frame, {Time: at, Data: frame.Data, Length: 5, Link: 1}},
			},
			"unknown blocks between": {
				captures.Join(section, captures.NgBlock(order, 0xbad, make([]byte, 300)), ethernet, captures.NgBlock(order, 10, make([]byte, 2*MaxBuffer)),
					captures.NgEnhanced(order, 0, at/1000, frame.Data, 60), captures.NgBlock(order, 5, nil)),
				[]capture.Frame{frame},
			},
		}
		for name, test := range tests {
			t.Run(fmt.Sprint(order, " ", name), func(t *testing.T) {
				frames, err := readBytes(t, test.content)
				check(t, err)
				captures.Same(t, frames, test.want)
			})
		}
	}
}

// TestPcapngInterfaces: every interface has its own link type, resolution and
// offset, and every section its own byte order and interfaces.
func TestPcapngInterfaces(t *testing.T) {
	var content []byte
	var want []capture.Frame
	for _, order := range captures.ByteOrders {
		resolution := func(r byte) []byte { return captures.NgOption(order, optionTSResol, []byte{r}) }
		offset := captures.NgOption(order, optionTSOffset, order.AppendUint64(nil, 1000))
		content = captures.Join(content, captures.NgSection(order, 1, 0),
			captures.NgInterface(order, 1, 100, captures.NgOption(order, 2, []byte("eth0")), resolution(9)),
			captures.NgInterface(order, 276, 0, resolution(0x81), offset, captures.NgOption(order, optionEnd, nil), resolution(3)),
			captures.NgInterface(order, 101, 0, captures.NgOption(order, optionTSResol, []byte{1, 2})), // no such length: ignored
			captures.NgEnhanced(order, 0, 5, []byte("a"), 1),
			captures.NgEnhanced(order, 1, 3, []byte("b"), 1),
			captures.NgObsolete(order, 2, 7, []byte("c"), 1))
		want = append(want,
			capture.Frame{Time: 5, Data: []byte("a"), Length: 1, Link: capture.LinkEthernet},
			capture.Frame{Time: 1_001_500_000_000, Data: []byte("b"), Length: 1, Link: capture.LinkLinuxSLL2},
			capture.Frame{Time: 7_000, Data: []byte("c"), Length: 1, Link: capture.LinkRaw})
	}
	frames, err := readBytes(t, content)
	check(t, err)
	captures.Same(t, frames, want)
}

func TestPcapngErrors(t *testing.T) {
	order := binary.LittleEndian
	section := captures.NgSection(order, 1, 0)
	head := captures.Join(section, captures.NgInterface(order, 1, 0))
	packet := captures.NgEnhanced(order, 0, 0, []byte("abcd"), 4)
	start := captures.Join(head, packet)
	lengthOf := func(block []byte, n uint32) []byte {
		return captures.Join(block[:4], order.AppendUint32(nil, n), block[8:])
	}
	captured := func(block []byte, n uint32) []byte {
		return captures.Join(block[:20], order.AppendUint32(nil, n), block[24:])
	}
	where := fmt.Sprintf("block 4, at byte %d,", len(start))
	tests := map[string]struct {
		content []byte
		frames  int
		err     error
		text    string
	}{
		"half a section magic":      {section[:9], 0, capture.ErrTruncated, "truncated: the file header is cut short"},
		"no byte-order magic":       {captures.Join(section[:8], section), 0, capture.ErrNotCapture, "not a capture file (pcap or pcapng)"},
		"half a section":            {section[:20], 0, capture.ErrTruncated, "truncated: block 1, at byte 0, is cut short"},
		"version 2":                 {captures.Join(start, captures.NgSection(order, 2, 0)), 1, capture.ErrUnsupported, "unsupported capture format: pcapng version 2.0"},
		"half a packet":             {captures.Join(start, packet[:19]), 1, capture.ErrTruncated, "truncated: " + where + " is cut short"},
		"half an unknown block":     {captures.Join(start, captures.NgBlock(order, 10, make([]byte, 50))[:30]), 1, capture.ErrTruncated, "truncated: " + where + " is cut short"},
		"length of zero":            {captures.Join(start, lengthOf(packet, 0)), 1, capture.ErrDamaged, "damaged: " + where + " claims a length of 0 bytes; it has to be a multiple of 4 from 12 to 16777216"},
		"odd length":                {captures.Join(start, lengthOf(packet, 37)), 1, capture.ErrDamaged, "damaged: " + where + " claims a length of 37 bytes; it has to be a multiple of 4 from 12 to 16777216"},
		"length over the max":       {captures.Join(start, lengthOf(packet, 0xfffffffc)), 1, capture.ErrDamaged, "damaged: " + where + " claims a length of 4294967292 bytes; it has to be a multiple of 4 from 12 to 16777216"},
		"packet over the max":       {captures.Join(start, lengthOf(packet, MaxBuffer+4)), 1, capture.ErrDamaged, "damaged: " + where + " claims a length of 1048580 bytes; the limit is 1048576"},
		"two lengths":               {captures.Join(start, packet[:len(packet)-4], order.AppendUint32(nil, 99)), 1, capture.ErrDamaged, "damaged: " + where + " gives its length as 36 at its beginning and 99 at its end"},
		"section without magic":     {captures.Join(start, lengthOf(section, 28)[:8], make([]byte, 20)), 1, capture.ErrDamaged, "damaged: " + where + " begins a section without a byte-order magic"},
		"short section":             {captures.Join(start, captures.NgBlock(order, blockSection, section[8:12])), 1, capture.ErrDamaged, "damaged: " + where + " is too short for a section header"},
		"short interface":           {captures.Join(start, captures.NgBlock(order, blockInterface, make([]byte, 4))), 1, capture.ErrDamaged, "damaged: " + where + " is too short for an interface description"},
		"short packet":              {captures.Join(start, captures.NgBlock(order, blockEnhanced, make([]byte, 16))), 1, capture.ErrDamaged, "damaged: " + where + " is too short for a packet"},
		"short obsolete packet":     {captures.Join(start, captures.NgBlock(order, blockObsolete, make([]byte, 16))), 1, capture.ErrDamaged, "damaged: " + where + " is too short for a packet"},
		"short simple packet":       {captures.Join(start, captures.NgBlock(order, blockSimple, nil)), 1, capture.ErrDamaged, "damaged: " + where + " is too short for a packet"},
		"captured over the block":   {captures.Join(start, captured(packet, 5)), 1, capture.ErrDamaged, "damaged: " + where + " claims 5 captured bytes, more than it holds or than the limit of 262144"},
		"captured over everything":  {captures.Join(start, captured(packet, 0xffffffff)), 1, capture.ErrDamaged, "damaged: " + where + " claims 4294967295 captured bytes, more than it holds or than the limit of 262144"},
		"simple over its block":     {captures.Join(start, captures.NgSimple(order, []byte("abcd"), 5)), 1, capture.ErrDamaged, "damaged: " + where + " claims 5 captured bytes, more than it holds or than the limit of 262144"},
		"no such interface":         {captures.Join(start, captures.NgEnhanced(order, 1, 0, nil, 0)), 1, capture.ErrDamaged, "damaged: " + where + " is of interface 1, which the section does not describe"},
		"no such interface, ever":   {captures.Join(start, captures.NgEnhanced(order, 0xffffffff, 0, nil, 0)), 1, capture.ErrDamaged, "damaged: " + where + " is of interface 4294967295, which the section does not describe"},
		"simple without interface":  {captures.Join(section, captures.NgSimple(order, nil, 0)), 0, capture.ErrDamaged, "damaged: block 2, at byte 28, is of interface 0, which the section does not describe"},
		"interface of last section": {captures.Join(start, section, packet), 1, capture.ErrDamaged, "damaged: block 5, at byte 112, is of interface 0, which the section does not describe"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			testError(t, test.content, test.frames, test.err, test.text)
		})
	}
}

// TestPcapngInterfaceFlood: a file of interface descriptions only takes a bounded
// amount of memory.
func TestPcapngInterfaceFlood(t *testing.T) {
	order := binary.LittleEndian
	one := captures.NgInterface(order, 1, 0)
	content := captures.NgSection(order, 1, 0)
	for range maxInterfaces + 1 {
		content = append(content, one...)
	}
	text := fmt.Sprintf("damaged: block %d, at byte %d, describes more than %d interfaces",
		maxInterfaces+2, len(content)-len(one), maxInterfaces)
	testError(t, content, 0, capture.ErrDamaged, text)
}
