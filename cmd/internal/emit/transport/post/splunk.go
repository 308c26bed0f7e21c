package post

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"tlsfloor/cmd/internal/emit/transport"
)

// Splunk is how a client shows itself to an HTTP Event Collector, and what
// Splunk is told of the events. An empty string leaves it to Splunk.
type Splunk struct {
	Token                           transport.Secret
	Index, Source, SourceType, Host string
}

// NewSplunk makes a client of Splunk's HTTP Event Collector. Where the token
// asks for acknowledgement by the indexers, that is waited for.
func NewSplunk(o Options, s Splunk) (*Client, error) {
	return newClient(o, &collector{Splunk: s, channel: channel(), common: s.common(), acks: ackURL(o.URL)})
}

type collector struct {
	Splunk
	channel string
	common  []byte // members of every event
	acks    string // the URL that tells of acknowledgements
}

// channel makes a random UUID (RFC 9562, 5.4). The acknowledgements of one
// sender are counted on a channel of its own.
func channel() string {
	var u [16]byte
	_, _ = rand.Read(u[:]) // never fails
	u[6], u[8] = u[6]&0x0f|0x40, u[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
}

func ackURL(url string) string {
	return strings.TrimSuffix(url, "/event") + "/ack"
}

func (s Splunk) common() []byte {
	text, _ := json.Marshal(struct { // strings always can be
		Host       string `json:"host,omitempty"`
		Index      string `json:"index,omitempty"`
		Source     string `json:"source,omitempty"`
		SourceType string `json:"sourcetype,omitempty"`
	}{s.Host, s.Index, s.Source, s.SourceType})
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

// appendEvent gives each event an id, by which a search can tell one that was
// sent twice.
func (s *collector) appendEvent(dst []byte, m transport.Mark, line []byte) []byte {
	dst = append(append(dst, '{'), s.common...)
	dst = appendSeconds(append(dst, `"time":`...), m.Time)
	dst = append(dst, `,"fields":{"event_id":"`...)
	dst = append(transport.AppendIdentity(dst, line), `"},"event":`...)
	return append(append(dst, line...), '}')
}

// appendSeconds writes nanoseconds as seconds with microseconds.
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

// collected is an answer of the collector.
type collected struct {
	Text  string
	Code  int
	Event *int    `json:"invalid-event-number"`
	Ack   *uint64 `json:"ackId"`
}

func (s *collector) accepted(ctx context.Context, c *Client, b *transport.Batch, lines []int, text []byte) error {
	var a collected
	if err := json.Unmarshal(text, &a); err != nil {
		return transport.Wrong(fmt.Errorf("the server's answer is not that of a collector%s", quote(text)))
	}
	if a.Code != 0 {
		return fmt.Errorf("the server says code %d%s", a.Code, quote([]byte(a.Text)))
	}
	if a.Ack != nil {
		if err := s.await(ctx, c, *a.Ack); err != nil {
			return err
		}
	}
	for _, i := range lines {
		b.Settle(i)
	}
	return nil
}

const (
	// askAgain is how often acknowledgements are asked for.
	askAgain = time.Second
	// ackTime bounds the wait for one, as Splunk advises; then the events are
	// sent again.
	ackTime = 5 * time.Minute
)

var errNoAck = errors.New("the indexers did not acknowledge the events within 5 minutes")

// await waits until the indexers have written what the collector has taken.
func (s *collector) await(ctx context.Context, c *Client, id uint64) error {
	question := []byte(fmt.Sprintf(`{"acks":[%d]}`, id))
	for end := time.Now().Add(ackTime); time.Now().Before(end); {
		answer, err := c.post(ctx, s.acks, question)
		if err != nil {
			return err
		}
		if answer.status != http.StatusOK {
			return answer.failure(transport.Passing)
		}
		var a struct{ Acks map[string]bool }
		if err := json.Unmarshal(answer.body, &a); err == nil && a.Acks[strconv.FormatUint(id, 10)] {
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

// Codes of a collector's answers (Splunk, "Troubleshoot HTTP Event Collector")
// that are about one event. The others are about the request: the token, the
// channel, an index that the token may not write to.
const (
	invalidFormat = 6
	eventRequired = 12
	eventBlank    = 13
	fieldsFailed  = 15
)

func (s *collector) objection(text []byte) objection {
	var a collected
	err := json.Unmarshal(text, &a)
	o := objection{err: errors.New("the server says the request is bad" + quote(text)), event: -1}
	switch a.Code {
	case invalidFormat, eventRequired, eventBlank, fieldsFailed:
	default:
		o.general = err == nil
	}
	if a.Event != nil {
		o.event = *a.Event
	}
	return o
}
