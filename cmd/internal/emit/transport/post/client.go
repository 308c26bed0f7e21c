package post

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"tlsfloor/cmd/internal/emit/transport"
)

// Options say where batches go.
type Options struct {
	URL string // of the collector; holds no secret
	TLS transport.TLS
	// Mask hides the secrets that are read; nil: one of the client's own.
	Mask *transport.Mask
	// Note is told what a person may want to know.
	Note func(string)
}

// Client carries lines by POST requests.
type Client struct {
	options Options
	shape   shape
	refused bool // said that events are refused

	access atomic.Pointer[access]
	lines  []int // of the batch, in the request
	body   []byte
	packed bytes.Buffer
	zip    *gzip.Writer
}

// access is what is read from files and the environment.
type access struct {
	client *http.Client
	header http.Header
}

// shape is what differs between the collectors.
type shape interface {
	// header returns a request's header, and has the mask hide the secrets in
	// it.
	header(*transport.Mask) (http.Header, error)
	// appendEvent appends an event to a request's body.
	appendEvent(dst []byte, m transport.Mark, line []byte) []byte
	// accepted settles those of the lines that an answer of status 2xx says
	// have been taken.
	accepted(ctx context.Context, c *Client, b *transport.Batch, lines []int, answer []byte) error
	// objection reads an answer that says the request is bad.
	objection(answer []byte) objection
}

// objection is what a collector has against a request.
type objection struct {
	err     error
	general bool // against every request like it
	event   int  // in the request; -1: it does not say which
}

const (
	// requestTime bounds one request.
	requestTime = time.Minute
	// maxAnswer bounds what is read of an answer, in bytes. One about 1000
	// events that all failed has some 200 KB.
	maxAnswer = 8 << 20
	// longestWait bounds what a server may ask for in Retry-After.
	longestWait = 5 * time.Minute
)

func newClient(o Options, s shape) (*Client, error) {
	if o.Mask == nil {
		o.Mask = new(transport.Mask)
	}
	c := &Client{options: o, shape: s}
	c.zip, _ = gzip.NewWriterLevel(&c.packed, gzip.BestSpeed)
	return c, c.Reopen()
}

// Reopen reads certificates and secrets anew.
func (c *Client) Reopen() error {
	config, err := c.options.TLS.Config()
	if err != nil {
		return err
	}
	c.options.Mask.AddProxies()
	header, err := c.shape.header(c.options.Mask)
	if err != nil {
		return err
	}
	header.Set("User-Agent", "tlsfloor")
	client := &http.Client{
		Transport:     &http.Transport{TLSClientConfig: config, Proxy: http.ProxyFromEnvironment, IdleConnTimeout: time.Minute},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	if old := c.access.Swap(&access{client, header}); old != nil {
		old.client.CloseIdleConnections()
	}
	return nil
}

// Close closes the connections.
func (c *Client) Close() error {
	c.access.Load().client.CloseIdleConnections()
	return nil
}

// Check sends a request without an event: a collector looks at the secret
// before it objects to that.
func (c *Client) Check(ctx context.Context) error {
	answer, err := c.post(ctx, c.options.URL, nil)
	if err != nil {
		return err
	}
	if err := c.judge(answer); err != nil {
		return err
	}
	if answer.status >= 500 {
		return answer.failure(transport.Passing)
	}
	return nil
}

// Deliver sends what is left of b in one request, or in several smaller ones
// where the collector objects to it.
func (c *Client) Deliver(ctx context.Context, b *transport.Batch) error {
	lines := c.lines[:0]
	for i := b.Front(); i < b.Len(); i++ {
		if !b.Settled(i) {
			lines = append(lines, i)
		}
	}
	c.lines = lines
	return c.deliver(ctx, b, lines)
}

func (c *Client) deliver(ctx context.Context, b *transport.Batch, lines []int) error {
	c.body = c.body[:0]
	for _, i := range lines {
		c.body = c.shape.appendEvent(c.body, b.Mark(i), b.Line(i))
	}
	answer, err := c.post(ctx, c.options.URL, c.body)
	if err != nil {
		return err
	}
	switch {
	case answer.status < 300:
		return c.shape.accepted(ctx, c, b, lines, answer.body)
	case answer.status == http.StatusRequestEntityTooLarge:
		return c.divide(ctx, b, lines, objection{err: answer.failure(transport.Passing), event: -1})
	}
	if err := c.judge(answer); err != nil {
		return err
	}
	if answer.status >= 500 {
		return answer.failure(transport.Passing)
	}
	o := c.shape.objection(answer.body)
	if o.general {
		return transport.Wrong(o.err)
	}
	return c.divide(ctx, b, lines, o)
}

// judge returns an error for an answer that is not about the events sent.
func (c *Client) judge(a *answer) error {
	switch a.status {
	case http.StatusUnauthorized, http.StatusForbidden:
		// Perhaps the secret was changed: the next attempt is made with what is
		// in the file then.
		if err := c.Reopen(); err != nil {
			return transport.Wrong(fmt.Errorf("%w; %w", a.failure(transport.Misconfigured), err))
		}
		return a.failure(transport.Misconfigured)
	case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusProxyAuthRequired:
		return a.failure(transport.Misconfigured)
	case http.StatusRequestTimeout, http.StatusTooManyRequests:
		return a.failure(transport.Passing)
	}
	if a.status < 200 || a.status >= 300 && a.status < 400 {
		return a.failure(transport.Misconfigured)
	}
	return nil
}

// divide finds the events that a collector objects to, and refuses them alone.
func (c *Client) divide(ctx context.Context, b *transport.Batch, lines []int, o objection) error {
	if len(lines) == 1 {
		c.refuse(b, lines[0], o.err)
		return nil
	}
	if o.event >= 0 && o.event < len(lines) {
		c.refuse(b, lines[o.event], o.err)
		rest := append(append([]int(nil), lines[:o.event]...), lines[o.event+1:]...)
		return c.deliver(ctx, b, rest)
	}
	half := len(lines) / 2
	if err := c.deliver(ctx, b, lines[:half]); err != nil {
		return err
	}
	return c.deliver(ctx, b, lines[half:])
}

// refuse gives up an event, and says why the first time.
func (c *Client) refuse(b *transport.Batch, i int, why error) {
	b.Refuse(i)
	if !c.refused {
		c.refused = true
		c.options.Note(fmt.Sprintf("the server will never take an event: %v; such events are counted as refused", why))
	}
}

func (c *Client) post(ctx context.Context, to string, body []byte) (*answer, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	if err := c.pack(body); err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(c.packed.Bytes()))
	if err != nil {
		return nil, err
	}
	a := c.access.Load()
	request.Header = a.header.Clone()
	if len(body) > 0 {
		request.Header.Set("Content-Encoding", "gzip")
	}
	response, err := a.client.Do(request)
	if err != nil {
		return nil, requestFailure(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	// Only the beginning of it is shown: half of a secret must not be at its end.
	return &answer{response.StatusCode, retryAfter(response.Header), c.hide(text)}, err
}

// requestFailure gives an error its class. It leaves the URL out: messages name the
// output already.
func requestFailure(err error) error {
	if errors.Is(err, http.ErrSchemeMismatch) {
		return transport.Wrong(http.ErrSchemeMismatch)
	}
	var e *url.Error
	if errors.As(err, &e) {
		err = e.Err
	}
	return transport.Refused(err)
}

// hide takes the secrets out of an answer that shows the request.
func (c *Client) hide(text []byte) []byte { return c.options.Mask.HideKnown(text) }

// pack fills c.packed. Nothing stays nothing.
func (c *Client) pack(body []byte) error {
	c.packed.Reset()
	if len(body) == 0 {
		return nil
	}
	c.zip.Reset(&c.packed)
	if _, err := c.zip.Write(body); err != nil {
		return err
	}
	return c.zip.Close()
}
