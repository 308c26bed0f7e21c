package standin

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
)

// Splunk answers as an HTTP Event Collector does.
type Splunk struct {
	T     testing.TB
	Token string
	// Before decides about a request before it is looked at: a status other
	// than 0 ends it there. It may set headers.
	Before func(w http.ResponseWriter, r *http.Request) (status int)
	// Bad reports whether an event is one that the collector does not take; the
	// request is refused whole, and says which it was.
	Bad func(event string) bool
	// Acknowledge makes the indexers acknowledge events, when they are asked
	// for the second time.
	Acknowledge bool

	mu     sync.Mutex
	events []SplunkEvent
	asked  map[uint64]int
	acks   uint64
}

// SplunkEvent is what a collector is told of an event.
type SplunkEvent struct {
	Time                            json.Number
	Host, Index, Source, SourceType string
	Fields                          map[string]string
	Event                           json.RawMessage
}

// Events returns what was taken, in order.
func (s *Splunk) Events() []SplunkEvent {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]SplunkEvent(nil), s.events...)
}

// ServeHTTP takes a request.
func (s *Splunk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Splunk "+s.Token {
		refuse(w, http.StatusForbidden, `{"text":"Invalid token","code":4}`)
		return
	}
	text, err := body(r)
	if err != nil {
		return // the connection was cut
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case r.Method != http.MethodPost:
		refuse(w, http.StatusMethodNotAllowed, "")
	case r.URL.Path == "/services/collector/ack":
		s.tell(w, r, text)
	case r.URL.Path != "/services/collector/event":
		refuse(w, http.StatusNotFound, `{"text":"The requested URL was not found on this server.","code":404}`)
	case len(text) == 0:
		refuse(w, http.StatusBadRequest, `{"text":"No data","code":5}`)
	case s.Before == nil:
		s.collect(w, text)
	default:
		if status := s.Before(w, r); status != 0 {
			refuse(w, status, `{"text":"Server is busy","code":9}`)
			return
		}
		s.collect(w, text)
	}
}

// collect takes all events of a request or none.
func (s *Splunk) collect(w http.ResponseWriter, text []byte) {
	var events []SplunkEvent
	decoder := json.NewDecoder(bytes.NewReader(text))
	for {
		var e SplunkEvent
		err := decoder.Decode(&e)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil || len(e.Event) == 0 {
			s.T.Errorf("%v: %s", err, text)
			return
		}
		if s.Bad != nil && s.Bad(string(e.Event)) {
			refuse(w, http.StatusBadRequest, fmt.Sprintf(`{"text":"Error in handling indexed fields","code":15,"invalid-event-number":%d}`, len(events)))
			return
		}
		events = append(events, e)
	}
	s.events = append(s.events, events...)
	if !s.Acknowledge {
		fmt.Fprint(w, `{"text":"Success","code":0}`)
		return
	}
	s.acks++
	fmt.Fprintf(w, `{"text":"Success","code":0,"ackId":%d}`, s.acks)
}

// tell says which acknowledgements have come.
func (s *Splunk) tell(w http.ResponseWriter, r *http.Request, text []byte) {
	var question struct{ Acks []uint64 }
	if err := json.Unmarshal(text, &question); err != nil || len(r.Header.Get("X-Splunk-Request-Channel")) != 36 {
		s.T.Errorf("%v: %s on channel %q", err, text, r.Header.Get("X-Splunk-Request-Channel"))
	}
	if s.asked == nil {
		s.asked = map[uint64]int{}
	}
	answer := struct {
		Acks map[string]bool `json:"acks"`
	}{map[string]bool{}}
	for _, id := range question.Acks {
		s.asked[id]++
		answer.Acks[fmt.Sprint(id)] = s.asked[id] > 1
	}
	_ = json.NewEncoder(w).Encode(answer)
}
