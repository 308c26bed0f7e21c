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
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"tlsfloor/cmd/internal/emit/transport"
)

// Options say where to send batches.
type Options struct {
	URL    string // of the collector; holds no secret
	TLS    transport.TLS
	Dialer *transport.Dialer
	Signer Signer // of requests; nil: none
	// Mask is given the secrets that are read; nil: the client makes its own.
	Mask *transport.Mask
	// Note is called with messages for the user.
	Note func(string)
}

// Signer signs requests with credentials that can change.
type Signer interface {
	Sign(ctx context.Context, r *http.Request, body []byte) error
	Forget() // makes the next request look for credentials again
}

// Client delivers lines by POST requests.
type Client struct {
	options  Options
	protocol protocol
	noted    bool // the first refusal was reported

	access     atomic.Pointer[access]
	lines      []int // of the batch that is delivered
	body       []byte
	compressed bytes.Buffer
	zip        *gzip.Writer
}

// access is what Reopen makes of files and the environment.
type access struct {
	client *http.Client
	header http.Header
}

// protocol is what differs between Splunk and Elasticsearch.
type protocol interface {
	// header returns a request's header, and adds its secrets to the mask.
	header(*transport.Mask) (http.Header, error)
	// appendEvent appends an event to a request's body.
	appendEvent(dst []byte, m transport.Mark, line []byte) []byte
	// acknowledge reads the body of a response of status 2xx, and acknowledges the
	// lines that it says were accepted.
	acknowledge(ctx context.Context, c *Client, b *transport.Batch, lines []int, body []byte) error
	// rejection reads the body of a response of another status 4xx.
	rejection(body []byte) rejection
}

// rejection is why a server rejects a request.
type rejection struct {
	err     error
	general bool // it concerns the request, not one event
	event   int  // index in the request; -1: not known
}

const (
	// requestTime bounds one request.
	requestTime = time.Minute
	// maxResponse bounds a response, in bytes. If 1000 events fail, it has about 200 KB.
	maxResponse = 8 << 20
	// maxRetryAfter bounds the pause that a server may ask for.
	maxRetryAfter = 5 * time.Minute
)

func newClient(o Options, s protocol) (*Client, error) {
	if o.Mask == nil {
		o.Mask = new(transport.Mask)
	}
	c := &Client{options: o, protocol: s}
	c.zip, _ = gzip.NewWriterLevel(&c.compressed, gzip.BestSpeed)
	return c, c.Reopen()
}

// Reopen reads certificates and secrets again.
func (c *Client) Reopen() error {
	config, err := c.options.TLS.Config()
	if err != nil {
		return err
	}
	c.options.Mask.AddProxies()
	header, err := c.protocol.header(c.options.Mask)
	if err != nil {
		return err
	}
	header.Set("User-Agent", "tlsfloor")
	client := &http.Client{
		Transport: &http.Transport{
			DialContext: c.options.Dialer.DialContext, TLSClientConfig: config, Proxy: http.ProxyFromEnvironment, IdleConnTimeout: time.Minute,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	if c.options.Signer != nil {
		c.options.Signer.Forget()
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

// Check sends a request without events. The server checks the secret before it rejects
// that.
func (c *Client) Check(ctx context.Context) error {
	r, err := c.post(ctx, c.options.URL, nil)
	if err != nil {
		return err
	}
	if err := c.checkStatus(r); err != nil {
		return err
	}
	if r.status >= 500 {
		return r.failure(transport.Passing)
	}
	return nil
}

// Deliver sends the pending lines in one request, or in several smaller ones if the
// server rejects it.
func (c *Client) Deliver(ctx context.Context, b *transport.Batch) error {
	lines := c.lines[:0]
	for i := b.Front(); i < b.Len(); i++ {
		if !b.Done(i) {
			lines = append(lines, i)
		}
	}
	c.lines = lines
	return c.deliver(ctx, b, lines)
}

func (c *Client) deliver(ctx context.Context, b *transport.Batch, lines []int) error {
	c.body = c.body[:0]
	for _, i := range lines {
		c.body = c.protocol.appendEvent(c.body, b.Mark(i), b.Line(i))
	}
	r, err := c.post(ctx, c.options.URL, c.body)
	if err != nil {
		return err
	}
	switch {
	case r.status < 300:
		return c.protocol.acknowledge(ctx, c, b, lines, r.body)
	case r.status == http.StatusRequestEntityTooLarge:
		return c.isolate(ctx, b, lines, rejection{err: r.failure(transport.Passing), event: -1})
	}
	if err := c.checkStatus(r); err != nil {
		return err
	}
	if r.status >= 500 {
		return r.failure(transport.Passing)
	}
	o := c.protocol.rejection(r.body)
	if o.general {
		return transport.Wrong(o.err)
	}
	return c.isolate(ctx, b, lines, o)
}

// checkStatus returns an error for a response that does not concern the events.
func (c *Client) checkStatus(r *response) error {
	switch r.status {
	case http.StatusUnauthorized, http.StatusForbidden:
		// The secret may have been changed: the next attempt uses what is now in its
		// file.
		if err := c.Reopen(); err != nil {
			return transport.Wrong(fmt.Errorf("%w; %w", r.failure(transport.Misconfigured), err))
		}
		return r.failure(transport.Misconfigured)
	case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusProxyAuthRequired:
		return r.failure(transport.Misconfigured)
	case http.StatusRequestTimeout, http.StatusTooManyRequests:
		return r.failure(transport.Passing)
	}
	if r.status < 200 || r.status >= 300 && r.status < 400 {
		return r.failure(transport.Misconfigured)
	}
	return nil
}

// isolate finds the events that the server rejects, and refuses only these.
func (c *Client) isolate(ctx context.Context, b *transport.Batch, lines []int, o rejection) error {
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

// refuse refuses an event, and reports why the first time.
func (c *Client) refuse(b *transport.Batch, i int, why error) {
	b.Refuse(i)
	if !c.noted {
		c.noted = true
		c.options.Note(fmt.Sprintf("the server will never take an event: %v; such events are counted as refused", why))
	}
}

func (c *Client) post(ctx context.Context, to string, body []byte) (*response, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	if err := c.compress(body); err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(c.compressed.Bytes()))
	if err != nil {
		return nil, err
	}
	a := c.access.Load()
	request.Header = a.header.Clone()
	if len(body) > 0 {
		request.Header.Set("Content-Encoding", "gzip")
	}
	if c.options.Signer != nil {
		if err := c.options.Signer.Sign(ctx, request, c.compressed.Bytes()); err != nil {
			return nil, err
		}
	}
	r, err := a.client.Do(request)
	if err != nil {
		return nil, requestFailure(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(io.LimitReader(r.Body, maxResponse))
	// The secrets are masked here, because messages quote only the beginning: a secret
	// that is cut there would not be recognised.
	return &response{r.StatusCode, retryAfter(r.Header), c.hide(text)}, err
}

// requestFailure returns the error with its class, and without the URL: messages name
// the output already.
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

// hide masks secrets in a response that quotes the request.
func (c *Client) hide(text []byte) []byte { return c.options.Mask.HideKnown(text) }

// compress fills c.compressed. An empty body stays empty.
func (c *Client) compress(body []byte) error {
	c.compressed.Reset()
	if len(body) == 0 {
		return nil
	}
	c.zip.Reset(&c.compressed)
	if _, err := c.zip.Write(body); err != nil {
		return err
	}
	return c.zip.Close()
}

// response is a response that was read.
type response struct {
	status int
	after  time.Duration
	body   []byte
}

func (r *response) failure(class transport.Class) error {
	err := fmt.Errorf("the server says %d %s%s", r.status, http.StatusText(r.status), quote(r.body))
	return &transport.Failure{Err: err, Class: class, After: r.after}
}

// maxQuote bounds what messages quote of a response, in bytes.
const maxQuote = 200

// quote returns the beginning of text as one line of printable ASCII.
func quote(text []byte) string {
	if len(text) > maxQuote {
		text = text[:maxQuote]
	}
	words := strings.FieldsFunc(string(text), func(r rune) bool { return r <= ' ' || r > '~' })
	if len(words) == 0 {
		return ""
	}
	return ": " + strings.Join(words, " ")
}

// retryAfter reads Retry-After (RFC 9110, 10.2.3): seconds, or a date.
func retryAfter(h http.Header) time.Duration {
	text := h.Get("Retry-After")
	if text == "" {
		return 0
	}
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return min(time.Duration(seconds)*time.Second, maxRetryAfter)
	}
	date, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	return min(max(time.Until(date), 0), maxRetryAfter)
}
