package sensor

import (
	"testing"
	"unsafe"

	"tlsfloor/capture/decode"
	"tlsfloor/capture/flow"
	"tlsfloor/classify"
)

// TestSessionLayout holds the session to the cache lines that its comment
// promises. Go puts an object of this size at a multiple of 64 bytes.
func TestSessionLayout(t *testing.T) {
	const line = 64
	var c session
	if size := unsafe.Sizeof(c); size > 7*line || size <= 6*line {
		t.Errorf("%d bytes", size)
	}
	if at := unsafe.Offsetof(c.tls); at != line {
		t.Errorf("the Machine begins at %d", at)
	}
}

// observed has a sensor's sessions looked at after each frame.
type observed struct {
	*Sensor
	open []*session
}

func (w *observed) Open(p *decode.Packet, d flow.Dir, o flow.Opener) flow.Consumer {
	c := w.Sensor.Open(p, d, o)
	if s, ok := c.(*session); ok {
		w.open = append(w.open, s)
	}
	return c
}

// TestHeldIsCurrent compares what each session says it holds with what it does,
// after each frame of every recorded capture.
func TestHeldIsCurrent(t *testing.T) {
	for _, flaggedOnly := range []bool{false, true} {
		for _, name := range intact(t) {
			s := newSensor(t, func(*classify.Finding) {})
			s.options.FlaggedOnly = flaggedOnly
			w := &observed{Sensor: s}
			s.table = flow.NewTable(w, flow.Options{MaxFlows: 1 << 12})
			for _, f := range read(t, name) {
				s.Take(&f)
				for _, c := range w.open {
					said := c.Held()
					if c.recount(); c.Held() != said && said != 0 {
						t.Fatalf("%s: a session holds %d bytes and says %d", name, c.Held(), said)
					}
				}
			}
		}
	}
}
