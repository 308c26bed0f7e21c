package post

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tlsfloor/cmd/internal/emit/transport"
	"tlsfloor/cmd/internal/emit/transport/sigv4"
	"tlsfloor/cmd/internal/testing/standin"
)

const token = "B5A79AAD-D822-46CC-80D1-819F80D7BFB0"

// said collects messages for the user.
type said []string

func (s *said) add(line string) { *s = append(*s, line) }

func secretFile(t *testing.T, text string) transport.Secret {
	t.Helper()
	name := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return transport.Secret{File: name}
}

// batchOf makes a batch of numbered events, a second apart.
func batchOf(from, to int) *transport.Batch {
	b := new(transport.Batch)
	for i := from; i < to; i++ {
		b.Add(fmt.Appendf(b.Text(), `{"n":%d}`, i), transport.Mark{Time: int64(i)*1e9 + 123456789})
	}
	return b
}

func deliver(t *testing.T, c *Client, b *transport.Batch) {
	t.Helper()
	if err := c.Deliver(context.Background(), b); err != nil || b.Pending() > 0 {
		t.Fatalf("%d events are left: %v", b.Pending(), err)
	}
}

func linesOf(b *transport.Batch) (lines []string) {
	for i := range b.Len() {
		lines = append(lines, string(b.Line(i)))
	}
	return lines
}

// elasticAt starts a stand-in and returns a client of it.
func elasticAt(t *testing.T, far *standin.Elastic, e Elastic, note func(string)) *Client {
	t.Helper()
	authority := standin.NewAuthority(t)
	server := standin.Start(t, authority.Server(t), far)
	far.T, far.Index = t, "tls"
	folder := ""
	if e.Index == "" {
		folder = "/tls"
	}
	c, err := NewElastic(Options{
		URL: "https://" + server.Address + folder + "/_bulk?filter_path=errors", TLS: transport.TLS{CA: authority.File}, Note: note,
	}, e)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func splunkAt(t *testing.T, far *standin.Splunk, s Splunk, note func(string)) *Client {
	t.Helper()
	authority := standin.NewAuthority(t)
	server := standin.Start(t, authority.Server(t), far)
	far.T, far.Token = t, token
	c, err := NewSplunk(Options{
		URL: "https://" + server.Address + "/services/collector/event", TLS: transport.TLS{CA: authority.File}, Note: note,
	}, s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestElastic(t *testing.T) {
	for name, tt := range map[string]struct {
		client Elastic
		header string
	}{
		"open":     {Elastic{}, ""},
		"action":   {Elastic{Index: "tls"}, ""},
		"API key":  {Elastic{Key: secretFile(t, "key==\n")}, "ApiKey key=="},
		"password": {Elastic{User: "me", Password: secretFile(t, "hunter2")}, "Basic " + base64.StdEncoding.EncodeToString([]byte("me:hunter2"))},
	} {
		far := &standin.Elastic{Authorization: tt.header}
		c := elasticAt(t, far, tt.client, nil)
		if err := c.Check(context.Background()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		b := batchOf(0, 100)
		deliver(t, c, b)
		deliver(t, c, batchOf(50, 100)) // once more
		events, repeated := far.Events()
		if !slices.Equal(events, linesOf(b)) || repeated != 50 {
			t.Errorf("%s: %d events, %d repeated", name, len(events), repeated)
		}
	}
}

// Errors as Elasticsearch and OpenSearch write them.
const (
	parsing      = `{"type":"document_parsing_exception","reason":"[1:7] failed to parse field [n] of type [ip] in document"}`
	mapperOld    = `{"type":"mapper_parsing_exception","reason":"failed to parse field [n] of type [ip]"}`
	strict       = `{"type":"strict_dynamic_mapping_exception","reason":"mapping set to strict, dynamic introduction of [n] is not allowed"}`
	immense      = `{"type":"illegal_argument_exception","reason":"Document contains at least one immense term","caused_by":{"type":"max_bytes_length_exceeded_exception","reason":"bytes can be at most 32766 in length"}}`
	busy         = `{"type":"es_rejected_execution_exception","reason":"rejected execution of coordinating operation"}`
	noTimestamp  = `{"type":"mapper_parsing_exception","reason":"failed to parse","caused_by":{"type":"illegal_argument_exception","reason":"data stream timestamp field [@timestamp] is missing"}}`
	noIndex      = `{"type":"index_not_found_exception","reason":"no such index [tls]"}`
	noPipeline   = `{"type":"illegal_argument_exception","reason":"pipeline with id [p] does not exist"}`
	pipelineFail = `{"type":"illegal_argument_exception","reason":"field [x] not present as part of path [x]"}`
	tooMany      = `{"type":"illegal_argument_exception","reason":"Limit of total fields [1000] has been exceeded"}`
	closedIndex  = `{"type":"index_closed_exception","reason":"closed"}`
	badName      = `{"type":"invalid_index_name_exception","reason":"Invalid index name [TLS], must be lowercase"}`
)

// In a request that succeeds as a whole, each event has its own status.
func TestElasticItemByItem(t *testing.T) {
	for name, failure := range map[string]string{"own": parsing, "old": mapperOld, "strict": strict, "long": immense} {
		waits := 2
		far := &standin.Elastic{Item: func(event []byte) (int, string) {
			switch string(event) {
			case `{"n":3}`:
				return http.StatusBadRequest, failure
			case `{"n":5}`:
				if waits--; waits >= 0 {
					return http.StatusTooManyRequests, busy
				}
			}
			return 0, ""
		}}
		var told said
		c := elasticAt(t, far, Elastic{}, told.add)
		b := batchOf(0, 10)
		for range 2 {
			if err := c.Deliver(context.Background(), b); err == nil || !strings.Contains(err.Error(), "es_rejected") || b.Pending() != 1 || b.Front() != 5 {
				t.Fatalf("%s: %v, %d events left", name, err, b.Pending())
			}
		}
		deliver(t, c, b)
		events, repeated := far.Events()
		if len(events) != 9 || repeated != 0 || b.Refused() != 1 {
			t.Errorf("%s: %d events, %d repeated, %d refused", name, len(events), repeated, b.Refused())
		}
		if len(told) != 1 || !strings.Contains(told[0], "_exception") {
			t.Errorf("%s: said %q", name, told)
		}
	}
}

// What is about the index, its template or a pipeline refuses no event: it is reported, and
// the events arrive when somebody has mended it.
func TestElasticItemsThatWait(t *testing.T) {
	for _, tt := range []struct {
		status  int
		failure string
	}{
		{http.StatusNotFound, noIndex}, {http.StatusForbidden, noIndex}, {http.StatusUnauthorized, noIndex},
		{http.StatusServiceUnavailable, busy}, {302, busy},
		{http.StatusBadRequest, noPipeline}, {http.StatusBadRequest, pipelineFail}, {http.StatusBadRequest, noTimestamp},
		{http.StatusBadRequest, tooMany}, {http.StatusBadRequest, closedIndex}, {http.StatusBadRequest, badName},
		{http.StatusBadRequest, `{"type":"an_exception_of_the_future","reason":"?"}`},
	} {
		mended := false
		far := &standin.Elastic{Item: func([]byte) (int, string) {
			if mended {
				return 0, ""
			}
			return tt.status, tt.failure
		}}
		c := elasticAt(t, far, Elastic{}, nil)
		b := batchOf(0, 3)
		err := c.Deliver(context.Background(), b)
		if want := tt.status < 500; err == nil || b.Pending() != 3 || (transport.ClassOf(err) == transport.Misconfigured) != want {
			t.Errorf("%d %s: %v, %d events left", tt.status, tt.failure, err, b.Pending())
		}
		mended = true
		deliver(t, c, b)
	}
}

// A request that is rejected as a whole refuses no event.
func TestElasticRejectsTheRequest(t *testing.T) {
	rejects := true
	far := &standin.Elastic{Before: func(http.ResponseWriter, *http.Request) int {
		if rejects {
			return http.StatusBadRequest
		}
		return 0
	}}
	c := elasticAt(t, far, Elastic{Index: "tls"}, nil)
	b := batchOf(0, 3)
	if err := c.Deliver(context.Background(), b); transport.ClassOf(err) != transport.Misconfigured || b.Pending() != 3 {
		t.Errorf("%v, %d events left", err, b.Pending())
	}
	rejects, far.PathOnly = false, true
	if err := c.Deliver(context.Background(), b); transport.ClassOf(err) != transport.Misconfigured || !strings.Contains(err.Error(), "needs index-in=path") {
		t.Error(err)
	}
	far.PathOnly = false
	deliver(t, c, b)
}

func TestAnswersThatAreNone(t *testing.T) {
	for name, text := range map[string]string{
		"no JSON": "<html>hello</html>", "too few items": `{"errors":false,"items":[]}`, "no items": `{}`,
	} {
		authority := standin.NewAuthority(t)
		server := standin.Start(t, authority.Server(t), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, text) }))
		c, err := NewElastic(Options{URL: "https://" + server.Address, TLS: transport.TLS{CA: authority.File}}, Elastic{})
		if err != nil {
			t.Fatal(err)
		}
		b := batchOf(0, 3)
		if err := c.Deliver(context.Background(), b); transport.ClassOf(err) != transport.Misconfigured || b.Pending() != 3 {
			t.Errorf("%s: %v, %d events left", name, err, b.Pending())
		}
	}
}

func TestSplunk(t *testing.T) {
	far := &standin.Splunk{}
	c := splunkAt(t, far, Splunk{Token: secretFile(t, token), Index: "main", Source: `a "source"`, SourceType: "tlsfloor", Host: "bastion"}, nil)
	if err := c.Check(context.Background()); err != nil {
		t.Error(err)
	}
	b := batchOf(0, 100)
	b.Add(append(b.Text(), `{"n":100}`...), transport.Mark{Time: 100123456789, Host: `bastion "2"`})
	deliver(t, c, b)
	ids := map[string]bool{}
	for i, e := range far.Events() {
		if string(e.Event) != string(b.Line(i)) || e.Time.String() != fmt.Sprintf("%d.123456", i) ||
			e.Index != "main" || e.Source != `a "source"` || e.SourceType != "tlsfloor" || e.Host != map[bool]string{false: "bastion", true: `bastion "2"`}[i == 100] {
			t.Errorf("%+v", e)
		}
		ids[e.Fields["event_id"]] = true
	}
	if len(ids) != 101 {
		t.Errorf("%d ids for 101 events", len(ids))
	}
}

// A line that is no JSON is a text, without the CR of a row of CSV.
func TestSplunkText(t *testing.T) {
	s := &collector{Splunk: Splunk{Text: true}, members: Splunk{}.members()}
	for line, want := range map[string]string{`a "b", c`: `"a \"b\", c"`, "a,b\r": `"a,b"`, `{"n":1}`: `"{\"n\":1}"`} {
		got := string(s.appendEvent(nil, transport.Mark{}, []byte(line)))
		if _, event, _ := strings.Cut(got, `"event":`); event != want+"}" {
			t.Errorf("%q: %s, want %s", line, got, want)
		}
	}
}

func TestSplunkLeavesOutWhatIsNotSaid(t *testing.T) {
	line := []byte(`{"n":1}`)
	s := &collector{members: Splunk{}.members()}
	got := string(s.appendEvent(nil, transport.Mark{Time: -1_500_000_000}, line))
	want := `{"time":-1.500000,"fields":{"event_id":"` + string(transport.AppendIdentity(nil, line)) + `"},"event":{"n":1}}`
	if got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestSplunkAcknowledgement(t *testing.T) {
	if testing.Short() {
		t.Skip("make quick leaves out what waits in real time")
	}
	far := &standin.Splunk{Acknowledge: true}
	c := splunkAt(t, far, Splunk{Token: secretFile(t, token)}, nil)
	began := time.Now()
	deliver(t, c, batchOf(0, 10))
	if time.Since(began) < askAgain {
		t.Error("it was not waited for")
	}
	ctx, cancel := context.WithTimeout(context.Background(), askAgain/4)
	defer cancel()
	b := batchOf(10, 20)
	if err := c.Deliver(ctx, b); err == nil || b.Pending() != 10 {
		t.Errorf("%v, %d events left", err, b.Pending())
	}
}

// Events that a collector rejects are found and refused.
func TestSplunkBadEvents(t *testing.T) {
	far := &standin.Splunk{Bad: func(event string) bool { return strings.HasSuffix(event, "7}") }}
	var told said
	c := splunkAt(t, far, Splunk{Token: secretFile(t, token)}, told.add)
	b := batchOf(0, 50)
	deliver(t, c, b)
	if n := len(far.Events()); n != 45 || b.Refused() != 5 || len(told) != 1 {
		t.Errorf("%d events, %d refused, said %q", n, b.Refused(), told)
	}
}

// A request that is too large is divided, down to one event.
func TestTooLarge(t *testing.T) {
	requests := 0
	far := &standin.Elastic{Before: func(_ http.ResponseWriter, r *http.Request) int {
		requests++
		if r.ContentLength > 500 {
			return http.StatusRequestEntityTooLarge
		}
		return 0
	}}
	var told said
	c := elasticAt(t, far, Elastic{}, told.add)
	b := batchOf(0, 300)
	long := make([]byte, 3000) // that does not compress well
	for i := range long {
		long[i] = "0123456789abcdef"[i*i*7919>>3&15]
	}
	b.Add(fmt.Appendf(b.Text(), `{"long":"%x%d"}`, long, 1), transport.Mark{})
	far.Item = func(event []byte) (int, string) { return 0, "" }
	if err := c.Deliver(context.Background(), b); err != nil || b.Pending() > 0 {
		t.Fatal(err)
	}
	events, _ := far.Events()
	if len(events)+b.Refused() != 301 || len(events) < 300 || requests < 10 {
		t.Errorf("%d events, %d refused, in %d requests", len(events), b.Refused(), requests)
	}
}

func TestRefusalsThatAreNotAboutEvents(t *testing.T) {
	for _, tt := range []struct {
		status int
		class  transport.Class
	}{
		{http.StatusUnauthorized, transport.Misconfigured},
		{http.StatusForbidden, transport.Misconfigured},
		{http.StatusNotFound, transport.Misconfigured},
		{http.StatusTemporaryRedirect, transport.Misconfigured},
		{http.StatusRequestTimeout, transport.Passing},
		{http.StatusTooManyRequests, transport.Passing},
		{http.StatusInternalServerError, transport.Passing},
		{http.StatusServiceUnavailable, transport.Passing},
	} {
		far := &standin.Splunk{Before: func(w http.ResponseWriter, _ *http.Request) int {
			w.Header().Set("Retry-After", "7")
			w.Header().Set("Location", "https://elsewhere.test/")
			return tt.status
		}}
		c := splunkAt(t, far, Splunk{Token: secretFile(t, token)}, nil)
		b := batchOf(0, 3)
		err := c.Deliver(context.Background(), b)
		if err == nil || transport.ClassOf(err) != tt.class || transport.After(err) != 7*time.Second || b.Pending() != 3 {
			t.Errorf("%d: %v, class %d, after %v", tt.status, err, transport.ClassOf(err), transport.After(err))
		}
	}
}

func TestSplunkIncorrectIndex(t *testing.T) {
	s := &collector{}
	if o := s.rejection([]byte(`{"text":"Incorrect index","code":7,"invalid-event-number":1}`)); !o.general {
		t.Errorf("%+v", o)
	}
	if o := s.rejection([]byte(`{"text":"Invalid data format","code":6,"invalid-event-number":1}`)); o.general || o.event != 1 {
		t.Errorf("%+v", o)
	}
	if o := s.rejection([]byte(`a proxy's own words`)); !o.general || o.event != -1 {
		t.Errorf("%+v", o)
	}
}

func TestRetryAfter(t *testing.T) {
	soon := time.Now().Add(90 * time.Second).UTC().Format(http.TimeFormat)
	for text, want := range map[string]time.Duration{
		"": 0, "0": 0, "120": 2 * time.Minute, "86400": maxRetryAfter, "99999999999999999999": 0, "-5": 0, "soon": 0,
		"Wed, 21 Oct 2015 07:28:00 GMT": 0, "Wed, 21 Oct 2099 07:28:00 GMT": maxRetryAfter, soon: 90 * time.Second,
	} {
		got := retryAfter(http.Header{"Retry-After": {text}})
		if d := got - want; d < -2*time.Second || d > 0 {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

// A wrong secret is found at the start and never shown, and the file is read again when it
// was corrected.
func TestWrongSecret(t *testing.T) {
	secret := secretFile(t, "hunter2")
	c := splunkAt(t, &standin.Splunk{}, Splunk{Token: secret}, nil)
	err := c.Check(context.Background())
	if transport.ClassOf(err) != transport.Misconfigured || !strings.Contains(err.Error(), "Invalid token") {
		t.Fatal(err)
	}
	far := &standin.Elastic{Authorization: "ApiKey right"}
	c = elasticAt(t, far, Elastic{Key: secret}, nil)
	err = c.Check(context.Background())
	if transport.ClassOf(err) != transport.Misconfigured || !strings.Contains(err.Error(), "***") || strings.Contains(err.Error(), "hunter2") {
		t.Fatal(err) // the server quotes the request
	}
	if err := os.WriteFile(secret.File, []byte("right"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := c.Deliver(context.Background(), batchOf(0, 1)); transport.ClassOf(err) != transport.Misconfigured {
		t.Error(err) // with the old one, for the last time
	}
	deliver(t, c, batchOf(0, 1))
}

func TestWrongPath(t *testing.T) {
	far := &standin.Elastic{}
	c := elasticAt(t, far, Elastic{}, nil)
	far.Index = "other"
	if err := c.Check(context.Background()); transport.ClassOf(err) != transport.Misconfigured {
		t.Error(err)
	}
}

func TestCertificates(t *testing.T) {
	authority, other := standin.NewAuthority(t), standin.NewAuthority(t)
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t.Errorf("a request with %v came through", r.Header)
	})
	server := standin.Start(t, authority.Server(t), handler)
	old := authority.Server(t)
	old.MaxVersion = tls.VersionTLS11
	tls11 := standin.Start(t, old, handler)
	wanting := authority.Server(t)
	wanting.ClientAuth, wanting.ClientCAs = tls.RequireAndVerifyClientCert, authority.Pool()
	mutual := standin.Start(t, wanting, handler)
	plain := standin.Start(t, nil, http.NotFoundHandler())
	for name, tt := range map[string]struct {
		address string
		tls     transport.TLS
	}{
		"another authority":     {server.Address, transport.TLS{CA: other.File}},
		"the system's":          {server.Address, transport.TLS{}},
		"another name":          {server.Address, transport.TLS{CA: authority.File, ServerName: "other.test"}},
		"TLS 1.1":               {tls11.Address, transport.TLS{CA: authority.File}},
		"no client certificate": {mutual.Address, transport.TLS{CA: authority.File}},
		"plain HTTP":            {plain.Address, transport.TLS{CA: authority.File}},
	} {
		c, err := NewSplunk(Options{URL: "https://" + tt.address + "/services/collector/event", TLS: tt.tls}, Splunk{Token: secretFile(t, token)})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Check(context.Background()); transport.ClassOf(err) != transport.Misconfigured || strings.Contains(err.Error(), token) {
			t.Errorf("%s: %v", name, err)
		}
		c.Close()
	}
}

func TestClientCertificate(t *testing.T) {
	authority := standin.NewAuthority(t)
	config := authority.Server(t)
	config.ClientAuth, config.ClientCAs = tls.RequireAndVerifyClientCert, authority.Pool()
	far := &standin.Splunk{T: t, Token: token}
	server := standin.Start(t, config, far)
	files := transport.TLS{CA: authority.File, ServerName: "server.test"}
	files.Cert, files.Key = authority.Issue(t, "client.test")
	c, err := NewSplunk(Options{URL: "https://" + server.Address + "/services/collector/event", TLS: files}, Splunk{Token: secretFile(t, token)})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	deliver(t, c, batchOf(0, 3))
}

func TestFilesThatAreMissing(t *testing.T) {
	for name, o := range map[string]Options{
		"CA": {TLS: transport.TLS{CA: "/none"}}, "no CA": {TLS: transport.TLS{CA: "post_test.go"}}, "certificate": {TLS: transport.TLS{Cert: "/none", Key: "/none"}},
	} {
		if _, err := NewElastic(o, Elastic{}); err == nil {
			t.Errorf("%s is not missed", name)
		}
	}
	if _, err := NewSplunk(Options{}, Splunk{Token: transport.Secret{File: "/none"}}); err == nil {
		t.Error("the token is not missed")
	}
}

// An unreachable server is tried again, and messages contain no URL.
func TestUnreachable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	c, err := NewElastic(Options{URL: "https://" + address + "/tls/_bulk?filter_path=x"}, Elastic{})
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{c.Check(context.Background()), c.Deliver(context.Background(), batchOf(0, 1))} {
		if err == nil || transport.ClassOf(err) != transport.Passing || strings.Contains(err.Error(), "filter_path") {
			t.Error(err)
		}
	}
}

// Requests are signed as they are sent, compressed. After status 403 other credentials are
// looked for.
func TestSigned(t *testing.T) {
	const right = "right/secret"
	file := secretFile(t, "[default]\naws_access_key_id=AKIA\naws_secret_access_key=wrong+secret\n").File
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "", "AWS_WEB_IDENTITY_TOKEN_FILE": "", "AWS_PROFILE": "", "AWS_SHARED_CREDENTIALS_FILE": file,
	} {
		t.Setenv(name, value)
	}
	far := &standin.Elastic{T: t, Index: "tls"}
	server := standin.Start(t, nil, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = standin.CheckSignature(r, body, right)
		}
		if err != nil {
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprintf(w, `{"message":"The request signature we calculated does not match. Secret: wrong+secret"}`)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		far.ServeHTTP(w, r)
	}))
	mask := new(transport.Mask)
	signer, err := sigv4.New(sigv4.Options{Region: "eu-central-1", Service: "es"}, nil, mask)
	if err != nil {
		t.Fatal(err)
	}
	c, err := NewElastic(Options{URL: "http://" + server.Address + "/_bulk?" + BulkParameters + "&pipeline=a+b%2Fc", Mask: mask, Signer: signer}, Elastic{Index: "tls"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	err = c.Check(context.Background())
	if transport.ClassOf(err) != transport.Misconfigured || !strings.Contains(err.Error(), "Secret: ***") {
		t.Error(err)
	}
	if err := os.WriteFile(file, []byte("[default]\naws_access_key_id=AKIA\naws_secret_access_key="+right+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := c.Check(context.Background()); err != nil {
		t.Error(err)
	}
	deliver(t, c, batchOf(0, 100))
	if events, _ := far.Events(); len(events) != 100 {
		t.Errorf("%d events", len(events))
	}
}
