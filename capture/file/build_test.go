package file

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"

	"tlsfloor/capture"
)

// The captures of the tests are built byte by byte here, or written by pcapgo,
// which shares no code with this package.

func pcapHeader(order binary.AppendByteOrder, magic uint32, link uint32) []byte {
	return pcapHeaderVersion(order, magic, 2, 4, link)
}

func pcapHeaderVersion(order binary.AppendByteOrder, magic uint32, major, minor uint16, link uint32) []byte {
	b := order.AppendUint32(nil, magic)
	b = order.AppendUint16(b, major)
	b = order.AppendUint16(b, minor)
	b = append(b, make([]byte, 8)...)
	b = order.AppendUint32(b, 65535)
	return order.AppendUint32(b, link)
}

func pcapRecord(order binary.AppendByteOrder, seconds, fraction uint32, data []byte, length int) []byte {
	b := order.AppendUint32(nil, seconds)
	b = order.AppendUint32(b, fraction)
	b = order.AppendUint32(b, uint32(len(data)))
	b = order.AppendUint32(b, uint32(length))
	return append(b, data...)
}

// ngBlock wraps a body, which it pads, into a pcapng block.
func ngBlock(order binary.AppendByteOrder, kind uint32, body []byte) []byte {
	body = append(body, make([]byte, -len(body)&3)...)
	length := uint32(len(body) + minBlockLen)
	b := order.AppendUint32(nil, kind)
	b = order.AppendUint32(b, length)
	b = append(b, body...)
	return order.AppendUint32(b, length)
}

func ngSection(order binary.AppendByteOrder, major, minor uint16) []byte {
	b := order.AppendUint32(nil, byteOrderMagic)
	b = order.AppendUint16(b, major)
	b = order.AppendUint16(b, minor)
	return ngBlock(order, blockSection, order.AppendUint64(b, ^uint64(0)))
}

func ngInterfaceBlock(order binary.AppendByteOrder, link uint16, snaplen uint32, options ...[]byte) []byte {
	b := order.AppendUint16(nil, link)
	b = order.AppendUint16(b, 0)
	b = order.AppendUint32(b, snaplen)
	return ngBlock(order, blockInterface, append(b, bytes.Join(options, nil)...))
}

func ngOption(order binary.AppendByteOrder, code uint16, value []byte) []byte {
	b := order.AppendUint16(nil, code)
	b = order.AppendUint16(b, uint16(len(value)))
	b = append(b, value...)
	return append(b, make([]byte, -len(value)&3)...)
}

func ngEnhanced(order binary.AppendByteOrder, id uint32, units uint64, data []byte, length int) []byte {
	b := order.AppendUint32(nil, id)
	b = order.AppendUint32(b, uint32(units>>32))
	b = order.AppendUint32(b, uint32(units))
	b = order.AppendUint32(b, uint32(len(data)))
	b = order.AppendUint32(b, uint32(length))
	return ngBlock(order, blockEnhanced, append(b, data...))
}

func ngObsolete(order binary.AppendByteOrder, id uint16, units uint64, data []byte, length int) []byte {
	b := order.AppendUint16(nil, id)
	b = order.AppendUint16(b, 0xffff) // drops: not known
	b = order.AppendUint32(b, uint32(units>>32))
	b = order.AppendUint32(b, uint32(units))
	b = order.AppendUint32(b, uint32(len(data)))
	b = order.AppendUint32(b, uint32(length))
	return ngBlock(order, blockObsolete, append(b, data...))
}

func ngSimple(order binary.AppendByteOrder, data []byte, length int) []byte {
	return ngBlock(order, blockSimple, append(order.AppendUint32(nil, uint32(length)), data...))
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// randomFrames makes n frames with times that rise, some equal.
func randomFrames(r *rand.Rand, n int) []capture.Frame {
	return randomFramesUpTo(r, n, 2000)
}

func randomFramesUpTo(r *rand.Rand, n, most int) []capture.Frame {
	frames := make([]capture.Frame, n)
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).UnixNano()
	for i := range frames {
		at += int64(r.IntN(3)) * int64(time.Millisecond)
		data := make([]byte, r.IntN(most))
		for j := range data {
			data[j] = byte(r.Uint32())
		}
		frames[i] = capture.Frame{Time: at, Data: data, Length: len(data) + r.IntN(2)*100, Link: capture.LinkEthernet}
	}
	return frames
}

type packetWriter interface {
	WritePacket(gopacket.CaptureInfo, []byte) error
}

func writeFrames(tb testing.TB, w packetWriter, frames []capture.Frame) {
	tb.Helper()
	for _, f := range frames {
		info := gopacket.CaptureInfo{Timestamp: time.Unix(0, f.Time), CaptureLength: len(f.Data), Length: f.Length}
		if err := w.WritePacket(info, f.Data); err != nil {
			tb.Fatal(err)
		}
	}
}

func asPcap(tb testing.TB, frames []capture.Frame) []byte {
	var b bytes.Buffer
	w := pcapgo.NewWriterNanos(&b)
	check(tb, w.WriteFileHeader(65535, layers.LinkTypeEthernet))
	writeFrames(tb, w, frames)
	return b.Bytes()
}

func asPcapng(tb testing.TB, frames []capture.Frame) []byte {
	var b bytes.Buffer
	w, err := pcapgo.NewNgWriter(&b, layers.LinkTypeEthernet)
	check(tb, err)
	writeFrames(tb, w, frames)
	check(tb, w.Flush())
	return b.Bytes()
}

func check(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

func writeTemp(tb testing.TB, name string, content []byte) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), name)
	check(tb, os.WriteFile(path, content, 0o600))
	return path
}

func mustOpen(tb testing.TB, o Options, paths ...string) *Source {
	tb.Helper()
	s, err := Open(paths, o)
	check(tb, err)
	return s
}

// readBytes reads content as standard input.
func readBytes(tb testing.TB, content []byte) ([]capture.Frame, error) {
	tb.Helper()
	return readReader(tb, bytes.NewReader(content))
}

func readReader(tb testing.TB, r io.Reader) ([]capture.Frame, error) {
	tb.Helper()
	s := mustOpen(tb, Options{Stdin: r}, "-")
	defer s.Close()
	frames, errs := drain(tb, s)
	return frames, errors.Join(errs...)
}

// readAll returns copies of every frame of the inputs, and their errors.
func readAll(tb testing.TB, names ...string) ([]capture.Frame, error) {
	tb.Helper()
	s := mustOpen(tb, Options{}, names...)
	defer s.Close()
	frames, errs := drain(tb, s)
	return frames, errors.Join(errs...)
}

// drain reads a source to its end.
func drain(tb testing.TB, s capture.Source) (frames []capture.Frame, errs []error) {
	tb.Helper()
	for {
		f, err := nextCopy(s)
		var input *capture.InputError
		switch {
		case err == nil:
			frames = append(frames, f)
		case err == io.EOF:
			return frames, errs
		case errors.As(err, &input):
			errs = append(errs, err)
		default:
			tb.Fatalf("after %d frames: %v", len(frames), err)
		}
	}
}

// nextCopy returns a frame that outlives the next call.
func nextCopy(s capture.Source) (capture.Frame, error) {
	var f capture.Frame
	err := s.Next(&f)
	f.Data = bytes.Clone(f.Data)
	return f, err
}

// same compares frames but for the name of their source.
func same(tb testing.TB, got, want []capture.Frame) {
	tb.Helper()
	if len(got) != len(want) {
		tb.Fatalf("%d frames, want %d", len(got), len(want))
	}
	for i, g := range got {
		w := want[i]
		if g.Time != w.Time || g.Length != w.Length || g.Link != w.Link || !bytes.Equal(g.Data, w.Data) {
			tb.Fatalf("frame %d is %+v, want %+v", i+1, g, w)
		}
	}
}
