package ship

import (
	"tlsfloor/classify/event"
	"tlsfloor/classify/event/lines"
	"tlsfloor/cmd/internal/fault"
)

// encoder makes lines of another format of native events.
type encoder interface {
	append(dst, line []byte) ([]byte, error)
}

// newEncoder returns the encoder for a format, or nil for native.
func newEncoder(format string) (encoder, error) {
	if format == "native" {
		return nil, nil
	}
	t := &translator{newFormat: func() (event.Format, error) { return lines.ParseFormat(format, event.Sensor{}, lines.Style{}) }}
	var err error
	t.format, err = t.newFormat()
	return t, err
}

// translator reads events, and encodes them anew.
type translator struct {
	newFormat func() (event.Format, error)
	format    event.Format
}

// append implements encoder. A panic in a reader or an encoder is a bug that this event
// met. It costs this event alone: the encoder, whose memory may be half written, is
// replaced.
func (t *translator) append(dst, line []byte) (text []byte, err error) {
	defer func() {
		if value := recover(); value != nil {
			text, err = dst, fault.New(value)
			t.format, _ = t.newFormat() // there is one of this name
		}
	}()
	f, counts, err := event.Read(line)
	switch {
	case err != nil:
		return dst, err
	case f != nil:
		return t.format.AppendFinding(dst, f), nil
	case counts != nil:
		return t.format.AppendStats(dst, counts), nil
	}
	return dst, nil
}
