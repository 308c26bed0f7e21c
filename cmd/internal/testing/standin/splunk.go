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

// Splunk responds as an HTTP Event Collector does.
type Splunk struct {
	T     testing.TB
	Token string
	// Before is called with each request. If it returns a status other than 0, that is
	// the response. It may set headers.
	Before func(w http.ResponseWriter, r *http.Request) (status int)
	// Bad reports whether to reject an event. The whole request is rejected then, with
	// the index of the event.
	Bad func(event string) bool
	// Take is called with each accepted event, which is not kept then.
	Take func(event SplunkEvent)
	// Acknowledge makes the indexers acknowledge events, at the second query.
	Acknowledge bool

	mu     sync.Mutex
	events []SplunkEvent
	asked  map[uint64]int
	acks   uint64
}

// SplunkEvent is an event in a request.
type SplunkEvent struct {
	Time                            json.Number
	Host, Index, Source, SourceType string
	Fields                          map[string]string
	Event                           json.RawMessage
}

// Events returns the accepted events in order.
func (s *Splunk) Events() []SplunkEvent {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]SplunkEvent(nil), s.events...)
}

// ServeHTTP implements http.Handler.
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

// collect accepts all events of a request, or none.
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
	if s.Take == nil {
		s.events = append(s.events, events...)
	} else {
		for _, e := range events {
			s.Take(e)
		}
	}
	if !s.Acknowledge {
		fmt.Fprint(w, `{"text":"Success","code":0}`)
		return
	}
	s.acks++
	fmt.Fprintf(w, `{"text":"Success","code":0,"ackId":%d}`, s.acks)
}

// tell responds to a query for acknowledgements.
func (s *Splunk) tell(w http.ResponseWriter, r *http.Request, text []byte) {
	var query struct{ Acks []uint64 }
	if err := json.Unmarshal(text, &query); err != nil || len(r.Header.Get("X-Splunk-Request-Channel")) != 36 {
		s.T.Errorf("%v: %s on channel %q", err, text, r.Header.Get("X-Splunk-Request-Channel"))
	}
	if s.asked == nil {
		s.asked = map[uint64]int{}
	}
	response := struct {
		Acks map[string]bool `json:"acks"`
	}{map[string]bool{}}
	for _, id := range query.Acks {
		s.asked[id]++
		response.Acks[fmt.Sprint(id)] = s.asked[id] > 1
	}
	_ = json.NewEncoder(w).Encode(response)
}
