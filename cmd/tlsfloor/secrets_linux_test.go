package main

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// The secret of these tests has characters that quoting, JSON, URLs and HTML change, and two
// words that they do not change.
const testSecret = `XyZhunter"\<&> +/%tailQ7`

// shown returns the parts of the secret that are in text.
func shown(text string) (all []string) {
	for _, part := range []string{"XyZhunter", "tailQ7"} {
		if strings.Contains(text, part) {
			all = append(all, part)
		}
		for shift := range 3 { // a word has three forms in base64
			coded := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", shift) + part))
			if coded = coded[shift+1 : len(coded)-4]; strings.Contains(text, coded) {
				all = append(all, "base64 of "+part)
			}
		}
	}
	return all
}

// indiscreet are servers that return what they were sent.
var indiscreet = map[string]func(conn net.Conn){
	"what was sent":       func(c net.Conn) { _, _ = io.Copy(c, c) },
	"the secret first":    answering(func(secret string) string { return secret + "\r\n\r\n" }),
	"in the status":       answering(func(secret string) string { return "HTTP/1.1 407 " + secret + "\r\nContent-Length: 0\r\n\r\n" }),
	"no number of status": answering(func(secret string) string { return "HTTP/1.1 " + secret + "\r\n\r\n" }),
	"in a broken header":  answering(func(secret string) string { return "HTTP/1.1 200 OK\r\n" + secret + "\r\n\r\n" }),
	"in a redirection": answering(func(secret string) string {
		return "HTTP/1.1 302 Found\r\nLocation: /?" + secret + "\r\nContent-Length: 0\r\n\r\n"
	}),
	"401":                  answering(body(401, asItIs)),
	"400":                  answering(body(400, asItIs)),
	"500 in JSON":          answering(body(500, inJSON)),
	"503 with long words":  answering(body(503, func(s string) string { return strings.Repeat("x", 190) + " " + s })),
	"a bulk of errors":     answering(body(200, bulk)),
	"what no collector is": answering(body(200, asItIs)),
	"code of a collector":  answering(body(200, func(s string) string { t, _ := json.Marshal(map[string]any{"text": s, "code": 9}); return string(t) })),
	"once more, unasked": func(c net.Conn) {
		answering(func(secret string) string {
			return "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}" + "HTTP/1.1 400 " + secret + "\r\n\r\n"
		})(c)
		time.Sleep(200 * time.Millisecond)
	},
}

func asItIs(s string) string { return s }

func inJSON(s string) string {
	text, _ := json.Marshal(map[string]string{"reason": s})
	return string(text)
}

func bulk(s string) string {
	reason, _ := json.Marshal(s)
	return fmt.Sprintf(`{"errors":true,"items":[{"create":{"status":400,"error":{"type":"x","reason":%s}}}]}`, reason)
}

func body(status int, text func(string) string) func(string) string {
	return func(secret string) string {
		b := text(secret)
		return fmt.Sprintf("HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%s", status, len(b), b)
	}
}

// answering responds to requests with their Authorization header.
func answering(with func(secret string) string) func(net.Conn) {
	return func(c net.Conn) {
		for r := bufio.NewReader(c); ; {
			request, err := http.ReadRequest(r)
			if err != nil {
				return
			}
			_, _ = io.Copy(io.Discard, request.Body)
			secret := request.Header.Get("Proxy-Authorization") + request.Header.Get("Authorization")
			if _, coded, ok := strings.Cut(secret, "Basic "); ok {
				plain, _ := base64.StdEncoding.DecodeString(coded)
				secret += " " + string(plain)
			}
			if _, err := io.WriteString(c, with(secret)); err != nil {
				return
			}
		}
	}
}

func serveAt(t *testing.T, serve func(net.Conn)) (address string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { serve(c); c.Close() }()
		}
	}()
	return l.Addr().String()
}

// TestSecretsAreNotShown reads a capture with outputs of every kind, whose servers fail and
// return what they were sent. No part of the secret may be on standard error.
func TestSecretsAreNotShown(t *testing.T) {
	if testing.Short() {
		t.Skip("make quick leaves out what waits in real time")
	}
	r := secretRun{t: t, binary: build(t), spools: t.TempDir(), slots: make(chan struct{}, 16)}
	file := filepath.Join(t.TempDir(), "secret")
	must(t, os.WriteFile(file, []byte(testSecret+"\n"), 0o600))
	kinds := map[string]string{
		"Splunk":               "splunk+http://%s?token-file=" + file,
		"Splunk over TLS":      "splunk+https://%s?token-file=" + file,
		"Elasticsearch by key": "elasticsearch+http://%s/i?api-key-file=" + file,
		"Elasticsearch":        "elasticsearch+http://%s/i?user=elastic&password-env=TLSFLOOR_SECRET",
		"syslog":               "syslog+tcp://%s",
		"syslog over TLS":      "syslog+tls://%s",
	}
	for server, serve := range indiscreet {
		for kind, spec := range kinds {
			r.start(kind+", "+server, []string{"TLSFLOOR_SECRET=" + testSecret}, "-o", fmt.Sprintf(spec, serveAt(t, serve)))
		}
		proxy := "HTTPS_PROXY=http://me:XyZhunter%22%5C%3C%26%3E%20%2B%2F%25tailQ7@" + serveAt(t, serve)
		r.start("proxy, "+server, []string{proxy}, "-o", "splunk+https://192.0.2.7?token-file="+file)
	}
	for _, proxy := range []string{"http://me:XyZhunter tailQ7@proxy:port", "http://me:XyZhunter%tailQ7@proxy:1", "XyZhunter:tailQ7@:x"} {
		r.start("a proxy that is none", []string{"HTTPS_PROXY=" + proxy}, "-o", "splunk+https://192.0.2.7?token-file="+file)
	}
	for _, args := range [][]string{
		{"-o", "elasticsearch+https://me:XyZhunter@host/tailQ7"},
		{"-o", "splunk+https://host?token=XyZhunter"},
		{"-o", "splunk+https://host?token-env=XyZhunter-tailQ7"},
		{"-o", "https://me:XyZhunter@host"},
		{"-r", "https://me:XyZhunter@host/x.pcap"},
		{"-r", "https://host/x.pcap?token=XyZhunter"},
		{"--names", "https://me:XyZhunter/tail@tailQ7@host/hosts"},
		{"--scope", "https://me:XyZhunter@host"},
		{"--metrics-file", "https://me:XyZhunter@host/x"},
		{"https://me:XyZhunter@host/expression"},
	} {
		r.start(strings.Join(args, " "), nil, args...)
	}
	r.all.Wait()
}

// secretRun runs the program many times in parallel, because it mostly waits for servers.
type secretRun struct {
	t      *testing.T
	binary string
	spools string // folder
	slots  chan struct{}
	all    sync.WaitGroup
	runs   int
}

func (r *secretRun) start(name string, environment []string, args ...string) {
	r.all.Add(1)
	r.runs++
	n := r.runs
	go func() {
		defer r.all.Done()
		r.slots <- struct{}{}
		defer func() { <-r.slots }()
		cmd := exec.Command(r.binary, append([]string{"-q", "-r", captures + "/openssl-tls10-sni.pcap", "--spool", filepath.Join(r.spools, strconv.Itoa(n))}, args...)...)
		cmd.Env = append(os.Environ(), environment...)
		out, err := cmd.CombinedOutput()
		if _, exited := err.(*exec.ExitError); err != nil && !exited {
			r.t.Error(err)
		}
		if all := shown(string(out)); len(all) > 0 {
			r.t.Errorf("%s: %q is shown:\n%s", name, all, out)
		}
	}()
}
