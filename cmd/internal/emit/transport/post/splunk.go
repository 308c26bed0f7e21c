package post

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"tlsfloor/classify/jsontext"
	"tlsfloor/cmd/internal/emit/transport"
)

// Splunk has the token for an HTTP Event Collector, and fields that are the same in all
// events. For an empty one Splunk uses its own.
type Splunk struct {
	Token                     transport.Secret
	Index, Source, SourceType string
	Host                      string // of events that do not name theirs
	// Text: lines are no JSON, and become texts.
	Text bool
}

// NewSplunk returns a client for Splunk's HTTP Event Collector. It waits for the
// indexers' acknowledgement if the token is configured for that.
func NewSplunk(o Options, s Splunk) (*Client, error) {
	return newClient(o, &collector{Splunk: s, channel: channel(), members: s.members(), acks: ackURL(o.URL)})
}

type collector struct {
	Splunk
	channel string
	members []byte // that all events have
	acks    string // URL to ask for acknowledgements
}

// channel returns a random UUID (RFC 9562, 5.4). Splunk counts acknowledgements by
// channel, so each sender has its own.
func channel() string {
	var u [16]byte
	_, _ = rand.Read(u[:]) // never fails
	u[6], u[8] = u[6]&0x0f|0x40, u[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
}

func ackURL(url string) string {
	return strings.TrimSuffix(url, "/event") + "/ack"
}

func (s Splunk) members() []byte {
	text, _ := json.Marshal(struct { // cannot fail for strings
		Index      string `json:"index,omitempty"`
		Source     string `json:"source,omitempty"`
		SourceType string `json:"sourcetype,omitempty"`
	}{s.Index, s.Source, s.SourceType})
	if len(text) == len("{}") {
		return nil
	}
	return append(text[1:len(text)-1], ',')
}

func (s *collector) header(m *transport.Mask) (http.Header, error) {
	token, err := s.Token.Read()
	m.Add(token)
	return http.Header{
		"Content-Type":             {"application/json"},
		"Authorization":            {"Splunk " + token},
		"X-Splunk-Request-Channel": {s.channel},
	}, err
}

// appendEvent gives each event an id, so that a search can leave out one that was sent
// twice.
func (s *collector) appendEvent(dst []byte, m transport.Mark, line []byte) []byte {
	dst = append(append(dst, '{'), s.members...)
	if host := cmp.Or(m.Host, s.Host); host != "" {
		dst = append(jsontext.AppendQuoted(append(dst, `"host":`...), host), ',')
	}
	dst = appendSeconds(append(dst, `"time":`...), m.Time)
	dst = append(dst, `,"fields":{"event_id":"`...)
	dst = append(transport.AppendIdentity(dst, line), `"},"event":`...)
	if s.Text {
		return append(jsontext.AppendQuoted(dst, string(bytes.TrimSuffix(line, []byte{'\r'}))), '}')
	}
	return append(append(dst, line...), '}')
}

// appendSeconds appends nanoseconds as seconds with six decimals.
func appendSeconds(dst []byte, ns int64) []byte {
	us := ns / 1000
	if us < 0 {
		dst, us = append(dst, '-'), -us
	}
	dst = strconv.AppendInt(dst, us/1e6, 10)
	dst = append(dst, '.')
	fraction := strconv.AppendInt(nil, us%1e6+1e6, 10)
	return append(dst, fraction[1:]...)
}

// collectorResponse is the body of a response.
type collectorResponse struct {
	Text  string
	Code  int
	Event *int    `json:"invalid-event-number"`
	Ack   *uint64 `json:"ackId"`
}

func (s *collector) acknowledge(ctx context.Context, c *Client, b *transport.Batch, lines []int, text []byte) error {
	var a collectorResponse
	if err := json.Unmarshal(text, &a); err != nil {
		return transport.Wrong(fmt.Errorf("the server's answer is not that of a collector%s", quote(text)))
	}
	if a.Code != 0 {
		return fmt.Errorf("the server says code %d%s", a.Code, quote([]byte(a.Text)))
	}
	if a.Ack != nil {
		if err := s.awaitAck(ctx, c, b, *a.Ack); err != nil {
			return err
		}
	}
	for _, i := range lines {
		b.Acknowledge(i)
	}
	return nil
}

const (
	// askAgain is how often acknowledgements are asked for.
	askAgain = time.Second
	// ackTime bounds the wait for one, as Splunk advises. Then the events are sent again.
	ackTime = 5 * time.Minute
)

var errNoAck = errors.New("the indexers did not acknowledge the events within 5 minutes")

// awaitAck waits until the indexers have written what the collector accepted.
func (s *collector) awaitAck(ctx context.Context, c *Client, b *transport.Batch, id uint64) error {
	query := []byte(fmt.Sprintf(`{"acks":[%d]}`, id))
	for end := time.Now().Add(ackTime); time.Now().Before(end); {
		r, err := c.post(ctx, s.acks, query)
		if err != nil {
			return err
		}
		if r.status != http.StatusOK {
			return r.failure(transport.Passing)
		}
		b.Hear()
		var a struct{ Acks map[string]bool }
		if err := json.Unmarshal(r.body, &a); err == nil && a.Acks[strconv.FormatUint(id, 10)] {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(askAgain):
		}
	}
	return errNoAck
}

// Codes in responses (Splunk, "Troubleshoot HTTP Event Collector") that concern one
// event. The others concern the request: the token, the channel, or an index that the
// token may not write to.
const (
	invalidFormat = 6
	eventRequired = 12
	eventBlank    = 13
	fieldsFailed  = 15
)

func (s *collector) rejection(text []byte) rejection {
	var a collectorResponse
	_ = json.Unmarshal(text, &a) // no JSON has no code
	o := rejection{err: errors.New("the server says the request is bad" + quote(text)), event: -1}
	switch a.Code {
	case invalidFormat, eventRequired, eventBlank, fieldsFailed:
	default:
		o.general = true // also the words of a proxy
	}
	if a.Event != nil {
		o.event = *a.Event
	}
	return o
}
