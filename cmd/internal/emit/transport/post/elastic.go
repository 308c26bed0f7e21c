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

// Elastic is how a client shows itself to Elasticsearch: by an API key, or by
// name and password, or not at all.
type Elastic struct {
	Key      transport.Secret
	User     string
	Password transport.Secret
}

// NewElastic makes a client of Elasticsearch's _bulk. Each event is created
// under an id made of its content, so that one sent twice is there once.
func NewElastic(o Options, e Elastic) (*Client, error) { return newClient(o, e) }

func (e Elastic) header(m *transport.Mask) (http.Header, error) {
	h := http.Header{"Content-Type": {"application/x-ndjson"}}
	switch {
	case e.Key.Given():
		key, err := e.Key.Read()
		m.Add(key)
		if plain, bad := base64.StdEncoding.DecodeString(key); bad == nil { // it is made of an id and the secret
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

// bulkAnswer is the part of the answer to _bulk that matters.
type bulkAnswer struct {
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

// accepted goes through the answer item by item: the request as a whole
// succeeds even when none of them did.
func (Elastic) accepted(_ context.Context, c *Client, b *transport.Batch, lines []int, text []byte) error {
	var a bulkAnswer
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

// item settles a line, or says why it is to be sent again.
func (c *Client) item(b *transport.Batch, i int, item *bulkItem) error {
	switch s := item.Status; {
	case s >= 200 && s < 300 || s == http.StatusConflict: // it is there already
		b.Settle(i)
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

func (Elastic) objection(text []byte) objection {
	return objection{err: errors.New("the server says the request is bad" + quote(text)), event: -1}
}
