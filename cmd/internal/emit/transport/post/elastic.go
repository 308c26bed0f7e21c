package post

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"tlsfloor/classify/jsontext"
	"tlsfloor/cmd/internal/emit/transport"
)

// Elastic is how a client authenticates to Elasticsearch: by an API key, by name and
// password, or not at all.
type Elastic struct {
	Key      transport.Secret
	User     string
	Password transport.Secret
	// Index is named in each action; empty: the URL names it.
	Index string
}

// NewElastic returns a client for Elasticsearch's _bulk. The id of each document is
// made from the event, so that an event that is sent twice is stored once.
func NewElastic(o Options, e Elastic) (*Client, error) {
	action := []byte(`{"create":{`)
	if e.Index != "" {
		action = append(jsontext.AppendQuoted(append(action, `"_index":`...), e.Index), ',')
	}
	return newClient(o, &bulk{e, append(action, `"_id":"`...)})
}

type bulk struct {
	Elastic
	action []byte // that all events have, up to the id
}

func (e *bulk) header(m *transport.Mask) (http.Header, error) {
	h := http.Header{"Content-Type": {"application/x-ndjson"}}
	switch {
	case e.Key.Given():
		key, err := e.Key.Read()
		m.Add(key)
		if plain, bad := base64.StdEncoding.DecodeString(key); bad == nil { // it is an id and the secret
			id, secret, _ := strings.Cut(string(plain), ":")
			m.AddBasic(id, secret)
		}
		h.Set("Authorization", "ApiKey "+key)
		return h, err
	case e.User != "":
		password, err := e.Password.Read()
		m.AddBasic(e.User, password)
		h.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(e.User+":"+password)))
		return h, err
	}
	return h, nil
}

func (e *bulk) appendEvent(dst []byte, _ transport.Mark, line []byte) []byte {
	dst = transport.AppendIdentity(append(dst, e.action...), line)
	dst = append(append(dst, "\"}}\n"...), line...)
	return append(dst, '\n')
}

// BulkParameters ask for the part of the response that is read: without them it has an
// object for each event.
const BulkParameters = "filter_path=errors,items.*.status,items.*.error.type,items.*.error.reason," +
	"items.*.error.caused_by.type,items.*.error.caused_by.reason"

// bulkResponse is the part of the response to _bulk that is needed.
type bulkResponse struct {
	Errors bool
	Items  []struct{ Create bulkItem }
}

type bulkItem struct {
	Status int
	Error  struct {
		Type, Reason string
		CausedBy     struct{ Type, Reason string } `json:"caused_by"`
	}
}

func (i *bulkItem) failure() error {
	text := i.Error.Type + ": " + i.Error.Reason
	if cause := i.Error.CausedBy.Reason; cause != "" && !strings.Contains(text, cause) {
		text += ": " + cause
	}
	return fmt.Errorf("the server says %d%s", i.Status, quote([]byte(text)))
}

// isOwn reports whether the error is about the event alone: the mapping has another type
// for a field, knows no such field, or cannot hold so long a value. Any other status 400
// is about the index, its template or a pipeline, which somebody can mend; so is a
// missing @timestamp, which all events of this format lack.
func (i *bulkItem) isOwn() bool {
	switch i.Error.Type {
	case "document_parsing_exception", "mapper_parsing_exception", "strict_dynamic_mapping_exception":
		return !strings.Contains(i.Error.Reason+i.Error.CausedBy.Reason, "data stream timestamp field")
	}
	return i.Error.CausedBy.Type == "max_bytes_length_exceeded_exception"
}

// acknowledge reads the response item by item: the request as a whole succeeds even if
// no item did.
func (*bulk) acknowledge(_ context.Context, c *Client, b *transport.Batch, lines []int, text []byte) error {
	var a bulkResponse
	if err := json.Unmarshal(text, &a); err != nil {
		return transport.Wrong(fmt.Errorf("the server's answer is not that of _bulk%s", quote(text)))
	}
	if len(a.Items) != len(lines) {
		return transport.Wrong(fmt.Errorf("the server's answer is about %d events of %d", len(a.Items), len(lines)))
	}
	var first error
	for k, i := range lines {
		if err := c.item(b, i, &a.Items[k].Create); first == nil {
			first = err
		}
	}
	return first
}

// item acknowledges or refuses line i, or returns why it has to be sent again.
func (c *Client) item(b *transport.Batch, i int, item *bulkItem) error {
	switch s := item.Status; {
	case s >= 200 && s < 300 || s == http.StatusConflict: // it is stored already
		b.Acknowledge(i)
	case s == http.StatusBadRequest && item.isOwn():
		c.refuse(b, i, item.failure())
	case s == http.StatusTooManyRequests || s == http.StatusRequestTimeout || s >= 500:
		return item.failure()
	default: // about the index, or the right to write to it
		return transport.Wrong(item.failure())
	}
	return nil
}

// rejection is always of the whole request: a body that is not well-formed would be our
// fault, and a pipeline, an index or a parameter that the server dislikes can be mended.
func (e *bulk) rejection(text []byte) rejection {
	err := errors.New("the server says the request is bad" + quote(text))
	if e.Index != "" && strings.Contains(string(text), "explicit index in bulk is not allowed") {
		err = fmt.Errorf("%w; the output needs index-in=path", err)
	}
	return rejection{err: err, general: true, event: -1}
}
