package pcap

import (
	"bytes"
	"encoding/binary"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/gopacket/pcapgo"

	"tlsfloor/capture"
	"tlsfloor/capture/testing/captures"
)

// written are frames of two interfaces as they are written, and as they are read back.
func written() (content []byte, frames []capture.Frame) {
	frames = []capture.Frame{
		{Time: 1_772_366_400_123_456_789, Data: []byte("abcde"), Length: 60, Link: 1},
		{Time: 1_772_366_400_123_456_788, Data: []byte("abcdefgh"), Length: 8, Link: 276},
		{Time: 0, Data: nil, Length: 4, Link: 1},
	}
	content = AppendSection(nil, "tlsfloor 1.0")
	content = AppendInterface(content, 1, "eth0")
	content = AppendPacket(content, 0, &frames[0], "a comment")
	content = AppendInterface(content, 276, "")
	content = AppendPacket(content, 1, &frames[1], "")
	content = AppendPacket(content, 0, &frames[2], strings.Repeat("x", MaxText))
	return content, frames
}

// What is written is read back the same, also as a second section of a file.
func TestWrittenIsReadBack(t *testing.T) {
	content, want := written()
	for n := 1; n <= 2; n++ {
		frames, err := readBytes(t, bytes.Repeat(content, n))
		check(t, err)
		captures.Same(t, frames, bytesRepeatFrames(want, n))
	}
}

func bytesRepeatFrames(frames []capture.Frame, n int) (all []capture.Frame) {
	for range n {
		all = append(all, frames...)
	}
	return all
}

// pcapgo, which shares no code with the writer, reads the same.
func TestWrittenIsReadByPcapgo(t *testing.T) {
	content, want := written()
	r, err := pcapgo.NewNgReader(bytes.NewReader(content), pcapgo.NgReaderOptions{WantMixedLinkType: true})
	check(t, err)
	if r.SectionInfo().Application != "tlsfloor 1.0" {
		t.Errorf("application %q", r.SectionInfo().Application)
	}
	for i, w := range want {
		data, info, err := r.ReadPacketData()
		check(t, err)
		if !bytes.Equal(data, w.Data) || info.Length != w.Length || info.Timestamp.UnixNano() != w.Time {
			t.Errorf("frame %d: %q %+v", i, data, info)
		}
	}
	if _, _, err := r.ReadPacketData(); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
	if first, err := r.Interface(0); err != nil || first.Name != "eth0" || first.SnapLength != MaxCaptured {
		t.Errorf("%+v, %v", first, err)
	}
}

// Wireshark's programs find no error, and show the comments.
func TestWrittenIsReadByTshark(t *testing.T) {
	tshark, err := exec.LookPath("tshark")
	if err != nil {
		t.Skip("needs tshark")
	}
	content, _ := written()
	name := filepath.Join(t.TempDir(), "x.pcapng")
	check(t, os.WriteFile(name, content, 0o600))
	out, err := exec.Command(tshark, "-r", name, "-T", "fields", "-e", "frame.comment", "-e", "frame.interface_name", "-e", "frame.time_epoch").CombinedOutput()
	check(t, err)
	lines := strings.Split(string(out), "\n")
	for _, want := range []string{"a comment", "eth0", "1772366400.123456789"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("no %q in %s", want, out)
		}
	}
	if !strings.Contains(string(out), strings.Repeat("x", MaxText)) || len(lines) < 4 {
		t.Errorf("%s", out)
	}
}

// Times and lengths that the format does not have are written as the nearest it has.
func TestWrittenLimits(t *testing.T) {
	for _, f := range []capture.Frame{
		{Time: math.MinInt64, Data: []byte("a"), Length: math.MaxInt, Link: 1},
		{Time: math.MaxInt64, Data: make([]byte, MaxCaptured+1), Length: -1, Link: 1},
	} {
		content := AppendPacket(AppendInterface(AppendSection(nil, ""), 1, ""), 0, &f, "")
		got, err := readBytes(t, content)
		check(t, err)
		if len(got) != 1 || got[0].Time < 0 || len(got[0].Data) != min(len(f.Data), MaxCaptured) || got[0].Length < len(got[0].Data) {
			t.Errorf("%v: %d frames, %v", time.Unix(0, f.Time), len(got), got[0].Time)
		}
	}
}

func TestText(t *testing.T) {
	long := strings.Repeat("ä", MaxText)
	for in, want := range map[string]string{
		"host.example":                 "host.example",
		"größer 日本":                    "größer 日本",
		"a\x1b[31mb\nc\x00\x7f\u0085d": "a?[31mb?c???d",
		"\u202eevil\u2028\ufeff":       "?evil??",
		"a\xff\xc3":                    "a??",
		long:                           long[:MaxText],
		"x" + long:                     "x" + long[:MaxText-2],
	} {
		if got := Text(in); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
}

// FuzzWrite writes any frame, name and comment. Both readers read it back, and the text
// is harmless on a terminal.
func FuzzWrite(f *testing.F) {
	f.Add(int64(1), []byte("abc"), 60, uint16(1), "eth0", "a comment")
	f.Add(int64(math.MinInt64), []byte{}, math.MaxInt, uint16(276), "\x1b]0;x\x07", strings.Repeat("\xff", 5000))
	f.Add(int64(math.MaxInt64), []byte("abcd"), -1, uint16(12), "\u202e", strings.Repeat("日", 5000))
	f.Fuzz(func(t *testing.T, at int64, data []byte, length int, link uint16, name, comment string) {
		frame := capture.Frame{Time: at, Data: data, Length: length, Link: capture.LinkType(link)}
		content := AppendPacket(AppendInterface(AppendSection(nil, comment), frame.Link, name), 0, &frame, comment)
		got, err := readBytes(t, content)
		if err != nil || len(got) != 1 || !bytes.Equal(got[0].Data, data[:min(len(data), MaxCaptured)]) {
			t.Fatalf("%d frames, %v", len(got), err)
		}
		r, err := pcapgo.NewNgReader(bytes.NewReader(content), pcapgo.NgReaderOptions{WantMixedLinkType: true})
		check(t, err)
		if again, _, err := r.ReadPacketData(); err != nil || !bytes.Equal(again, got[0].Data) {
			t.Fatalf("pcapgo: %v", err)
		}
		for _, s := range []string{Text(name), Text(comment)} {
			if len(s) > MaxText || !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
				t.Fatalf("%q", s)
			}
			if !bytes.Contains(content, []byte(s)) {
				t.Fatalf("%q is not written", s)
			}
		}
		if binary.LittleEndian.Uint32(content[len(content)-4:])%4 != 0 {
			t.Fatal("a block of odd length")
		}
	})
}

// What a killed process has left ends with a whole block, wherever it was torn.
func TestWhole(t *testing.T) {
	content, _ := written()
	ends := []int{len(AppendSection(nil, "tlsfloor 1.0"))}
	for n := range len(content) + 1 {
		got, ok := Whole(bytes.NewReader(content[:n]))
		var err error
		if ok {
			_, err = readBytes(t, content[:got])
		}
		if err != nil || ok != (n >= ends[0]) || got > int64(n) || n == len(content) && got != int64(n) {
			t.Fatalf("of %d bytes, %d: %v, %v", n, got, ok, err)
		}
	}
	for _, other := range [][]byte{nil, []byte("text that is longer"), content[ends[0]:], append(content, "text that is longer"...)} {
		if n, ok := Whole(bytes.NewReader(other)); ok {
			t.Errorf("%d bytes of %.20q", n, other)
		}
	}
}
