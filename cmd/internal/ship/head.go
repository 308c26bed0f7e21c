package ship

import (
	"bytes"
	"time"

	"tlsfloor/classify"
	"tlsfloor/classify/event"
	"tlsfloor/classify/jsontext"
	"tlsfloor/cmd/internal/emit/transport"
)

// head is what has to be known of a native event before it is passed on as it is: reading
// the whole takes four times as long.
type head struct {
	kind             transport.Kind
	time             int64 // nanoseconds since the Unix epoch
	flagged, inScope bool
	violation        bool
	host             []byte // of the sensor; valid until the next event is read
}

// schemas begins the names of the schemas of native events.
const schemas = "tlsfloor/"

// readHead reads a line; ok is false if it is no native event. Anybody may have written it.
func readHead(line []byte) (h head, ok bool) {
	r := jsontext.NewReader(line)
	if !r.Object() {
		return head{}, false
	}
	for r.Member() {
		switch string(r.Key()) {
		case "schema":
			ok = bytes.HasPrefix(r.Word(), []byte(schemas))
		case "kind":
			h.kind = transport.Handshake
			if string(r.Word()) == event.KindStats {
				h.kind = transport.Stats
			}
		case "ts":
			h.time = readTime(r.Word())
		case "flagged":
			h.flagged = r.Bool()
		case "in_scope":
			h.inScope = r.Bool()
		case "verdict":
			h.violation = string(r.Word()) == classify.Violation.String()
		case "sensor":
			h.readSensor(&r)
		default:
			r.Skip()
		}
	}
	return h, ok && r.Whole()
}

func (h *head) readSensor(r *jsontext.Reader) {
	if !r.Object() {
		return
	}
	for r.Member() {
		if string(r.Key()) == "host" {
			h.host = r.Word()
		} else {
			r.Skip()
		}
	}
}

// readTime reads a time of an event (RFC 3339); 0: it is none.
func readTime(text []byte) int64 {
	t, err := time.Parse(time.RFC3339Nano, string(text))
	if err != nil {
		return 0
	}
	return t.UnixNano()
}

// mark describes the event to transports. host is that of the event.
func (h *head) mark(host string) transport.Mark {
	return transport.Mark{Time: h.time, Kind: h.kind, Severity: h.severity(), Host: host}
}

func (h *head) severity() transport.Severity {
	switch {
	case h.kind == transport.Stats || !h.flagged:
		return transport.Informational
	case h.violation:
		return transport.Warning
	}
	return transport.Notice
}
