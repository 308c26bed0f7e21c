package session

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unsafe"

	"tlsfloor/capture"
	"tlsfloor/capture/datagram"
	"tlsfloor/capture/decode"
	"tlsfloor/capture/file"
	"tlsfloor/capture/flow"
	"tlsfloor/classify"
	"tlsfloor/classify/policy"
)

const captures = "../../../testdata/captures"

// TestSessionLayout checks that a Session takes the cache lines that its comment
// names. Go allocates objects of this size at a multiple of 64 bytes.
func TestSessionLayout(t *testing.T) {
	const line = 64
	var c Session
	if size := unsafe.Sizeof(c); size > 7*line || size <= 6*line {
		t.Errorf("%d bytes", size)
	}
	if at := unsafe.Offsetof(c.tls); at != line {
		t.Errorf("the Machine begins at %d", at)
	}
}

// watchedSessions keeps a list of its sessions, for a check after each frame.
type watchedSessions struct {
	*Sessions
	open []*Session
}

func (w *watchedSessions) Open(p *decode.Packet, d flow.Dir, o flow.Opener) flow.Consumer {
	c := w.Sessions.Open(p, d, o)
	w.open = append(w.open, c.(*Session))
	return c
}

// watchedDatagrams is the same for conversations.
type watchedDatagrams struct{ *watchedSessions }

func (w watchedDatagrams) Open(p *decode.Packet, d flow.Dir, before datagram.Before) datagram.Consumer {
	c := Datagrams{w.Sessions}.Open(p, d, before)
	if s, is := c.(*Session); is {
		w.open = append(w.open, s)
	}
	return c
}

// TestHeldIsCurrent checks after each frame of every recorded capture that each
// session's Held is up to date.
func TestHeldIsCurrent(t *testing.T) {
	entries, err := os.ReadDir(captures)
	if err != nil {
		t.Fatal(err)
	}
	for _, flaggedOnly := range []bool{false, true} {
		for _, e := range entries {
			if !strings.Contains(e.Name(), "cut-short") {
				heldIsCurrent(t, e.Name(), flaggedOnly)
			}
		}
	}
}

func heldIsCurrent(t *testing.T, name string, flaggedOnly bool) {
	p, err := policy.New(policy.Options{})
	if err != nil {
		t.Fatal(err)
	}
	w := &watchedSessions{Sessions: New(Options{
		Policy: p, FlaggedOnly: flaggedOnly, Count: func(*classify.Finding) {}, Judge: func(*Session, *classify.Finding) {},
	})}
	w.Packet, w.Table, w.Draft = new(decode.Packet), flow.NewTable(w, flow.Options{MaxFlows: 1 << 12}), new(classify.Finding)
	w.DatagramTable = datagram.NewTable(watchedDatagrams{w}, datagram.Options{})
	src, err := file.Open([]string{filepath.Join(captures, name)}, file.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	decoder := decode.New(decode.Options{})
	for {
		var f capture.Frame
		if err := src.Next(&f); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
		switch decoder.Decode(&f, w.Packet) {
		case decode.Segment:
			w.Table.Push(w.Packet)
		case decode.Datagram:
			w.DatagramTable.Push(w.Packet, LookAt(w.Packet.Payload, w.Packet.Missing) == Beginning)
		}
		for _, c := range w.open {
			held := c.Held()
			if c.recount(); c.Held() != held && held != 0 {
				t.Fatalf("%s: a session holds %d bytes, and Held was %d", name, c.Held(), held)
			}
		}
	}
}
