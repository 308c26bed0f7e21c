package post

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"tlsfloor/cmd/internal/emit/transport"
)

// Elastic is how a client authenticates to Elasticsearch: by an API key, by name and
// password, or not at all.
type Elastic struct {
	Key      transport.Secret
	User     string
	Password transport.Secret
}

// NewElastic returns a client for Elasticsearch's _bulk. The id of each document is
// made from the event, so that an event that is sent twice is stored once.
func NewElastic(o Options, e Elastic) (*Client, error) { return newClient(o, e) }

func (e Elastic) header(m *transport.Mask) (http.Header, error) {
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

func (Elastic) appendEvent(dst []byte, _ transport.Mark, line []byte) []byte {
	dst = append(dst, `{"create":{"_id":"`...)
	dst = append(transport.AppendIdentity(dst, line), "\"}}\n"...)
	return append(append(dst, line...), '\n')
}

// bulkResponse is the part of the response to _bulk that is needed.
type bulkResponse struct {
	Errors bool
	Items  []struct{ Create bulkItem }
}

type bulkItem struct {
	Status int
	Error  struct{ Type, Reason string }
}

func (i *bulkItem) failure() error {
	return fmt.Errorf("the server says %d%s", i.Status, quote([]byte(i.Error.Type+": "+i.Error.Reason)))
}

// acknowledge reads the response item by item: the request as a whole succeeds even if
// no item did.
func (Elastic) acknowledge(_ context.Context, c *Client, b *transport.Batch, lines []int, text []byte) error {
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
	case s == http.StatusUnauthorized || s == http.StatusForbidden || s == http.StatusNotFound:
		return transport.Wrong(item.failure()) // about the index, or the right to write to it
	case s == http.StatusTooManyRequests || s == http.StatusRequestTimeout || s >= 500:
		return item.failure()
	case s >= 400:
		c.refuse(b, i, item.failure())
	default:
		return transport.Wrong(item.failure())
	}
	return nil
}

func (Elastic) rejection(text []byte) rejection {
	return rejection{err: errors.New("the server says the request is bad" + quote(text)), event: -1}
}
