package standin

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"testing"
)

// Elastic responds as Elasticsearch's _bulk does.
type Elastic struct {
	T testing.TB
	// Authorization is the header that is accepted; empty: any.
	Authorization string
	// Index is what events are for. It is named in the path or in each action.
	Index string
	// PathOnly: the index may not be named in an action, which an administrator can set.
	PathOnly bool
	// Before is called with each request. If it returns a status other than 0, that is
	// the response. It may set headers.
	Before func(w http.ResponseWriter, r *http.Request) (status int)
	// Item returns the status for an event, and the error as JSON; 0: it is accepted.
	Item func(event []byte) (status int, failure string)

	mu       sync.Mutex
	events   map[string]string // by id
	order    []string
	repeated int
}

// Events returns the accepted events in order, and how many more were sent with the id
// of one of them.
func (e *Elastic) Events() (events []string, repeated int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append(events, e.order...), e.repeated
}

// ServeHTTP implements http.Handler.
func (e *Elastic) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if e.Authorization != "" && r.Header.Get("Authorization") != e.Authorization {
		refuse(w, http.StatusUnauthorized, `{"error":{"type":"security_exception","reason":"unable to authenticate with `+r.Header.Get("Authorization")+`"},"status":401}`)
		return
	}
	inPath := r.URL.Path == "/"+e.Index+"/_bulk"
	if r.Method != http.MethodPost || !inPath && r.URL.Path != "/_bulk" {
		refuse(w, http.StatusNotFound, `{"error":"no handler"}`)
		return
	}
	if r.Header.Get("Content-Type") != "application/x-ndjson" {
		refuse(w, http.StatusNotAcceptable, `{"error":"Content-Type header is not supported"}`)
		return
	}
	text, err := body(r)
	if err != nil {
		return // the connection was cut
	}
	if len(text) == 0 {
		refuse(w, http.StatusBadRequest, `{"error":{"type":"parse_exception","reason":"request body is required"},"status":400}`)
		return
	}
	if e.Before != nil {
		if status := e.Before(w, r); status != 0 {
			refuse(w, status, `{"error":"not now"}`)
			return
		}
	}
	if !inPath && e.PathOnly {
		refuse(w, http.StatusBadRequest, `{"error":{"type":"illegal_argument_exception","reason":"explicit index in bulk is not allowed"},"status":400}`)
		return
	}
	index := e.Index
	if inPath {
		index = ""
	}
	e.bulk(w, index, text)
}

func refuse(w http.ResponseWriter, status int, text string) {
	w.WriteHeader(status)
	fmt.Fprint(w, text)
}

func (e *Elastic) bulk(w http.ResponseWriter, index string, text []byte) {
	lines := bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n"))
	if len(lines)%2 != 0 || text[len(text)-1] != '\n' {
		e.T.Errorf("%d lines, or no newline at the end", len(lines))
		return
	}
	type item map[string]any
	response := struct {
		Errors bool   `json:"errors"`
		Items  []item `json:"items"`
	}{}
	e.mu.Lock()
	defer e.mu.Unlock()
	for i := 0; i < len(lines); i += 2 {
		status, failure := e.take(index, lines[i], lines[i+1])
		result := item{"status": status}
		if status >= 300 {
			response.Errors = true
			result["error"] = json.RawMessage(failure)
		}
		response.Items = append(response.Items, item{"create": result})
	}
	if err := json.NewEncoder(w).Encode(response); err != nil {
		return // the connection was cut
	}
}

// take processes one item.
func (e *Elastic) take(index string, action, event []byte) (status int, failure string) {
	var a struct {
		Create struct {
			ID    string `json:"_id"`
			Index string `json:"_index"`
		}
	}
	if err := json.Unmarshal(action, &a); err != nil || a.Create.ID == "" || a.Create.Index != index || !json.Valid(event) {
		e.T.Errorf("%v: %s %s", err, action, event)
	}
	if e.Item != nil {
		if status, failure := e.Item(event); status != 0 {
			return status, failure
		}
	}
	if e.events == nil {
		e.events = map[string]string{}
	}
	if _, there := e.events[a.Create.ID]; there {
		e.repeated++
		return http.StatusConflict, `{"type":"version_conflict_engine_exception","reason":"document already exists"}`
	}
	e.events[a.Create.ID] = string(event)
	e.order = append(e.order, string(event))
	return http.StatusCreated, ""
}
