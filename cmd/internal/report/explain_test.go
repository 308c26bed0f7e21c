package report

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"tlsfloor/classify/advice"
)

const flaggedEvent = `{"schema":"tlsfloor/1","kind":"handshake","ts":"2026-03-01T12:00:0%d.000000Z","flagged":true,"fix":"client",` +
	`"reason":"selected TLSv1","src_ip":"10.0.0.5","host":"%s","aws":{"service":"dynamodb","region":"us-west-2"},"server":{"version":"TLSv1"},` +
	`"process":{"pid":%d,"executable":"/usr/bin/node","command_line":["node","app.js"],"user":"svc","unit":"app.service"},` +
	`"software":{"id":"nodejs","name":"Node.js","version":"10.24.1","library":"OpenSSL 1.1.1","confidence":"high"},"advice":{"id":"nodejs","summary":"x"}}` + "\n"

func explained(t *testing.T, events string) string {
	t.Helper()
	r := NewFindings()
	if err := r.Add(strings.NewReader(events)); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := r.Write(&out); err != nil {
		t.Fatal(err)
	}
	for i := range len(out.String()) {
		if c := out.String()[i]; c != '\n' && (c < ' ' || c > '~') {
			t.Fatalf("byte %#x on the screen", c)
		}
	}
	return out.String()
}

func TestExplain(t *testing.T) {
	const dynamo = "dynamodb.us-west-2.amazonaws.com"
	text := explained(t, fmt.Sprintf(flaggedEvent, 2, dynamo, 7)+fmt.Sprintf(flaggedEvent, 1, dynamo, 8)+
		`{"schema":"tlsfloor/1","kind":"handshake","flagged":false,"src_ip":"10.0.0.6"}`+"\n")
	for _, want := range []string{
		"10.0.0.5: 2 flagged flows\n",
		"  process:  /usr/bin/node: node app.js as user svc, unit app.service\n",
		"  software: Node.js 10.24.1 with OpenSSL 1.1.1 (confidence: high)\n",
		"  to:       " + dynamo + " (dynamodb us-west-2)\n",
		"  version:  TLSv1\n",
		"  seen:     2026-03-01T12:00:01.000000Z to 2026-03-01T12:00:02.000000Z\n",
		"AWS SDK for JavaScript on Node.js\n=================================\n",
		"      node --tls-min-v1.2 app.js\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	if strings.Contains(text, "10.0.0.6") || strings.Count(text, "Vendors' pages") != 1 {
		t.Error(text)
	}
}

func TestExplainNothing(t *testing.T) {
	if text := explained(t, `{"schema":"tlsfloor/1","kind":"handshake","flagged":false}`); text != "Nothing is flagged in 1 event: there is nothing to change.\n" {
		t.Error(text)
	}
}

// Events of before there was advice, or of a newer tlsfloor.
func TestAdviceIsDerived(t *testing.T) {
	for text, want := range map[string]string{
		`"fix":"client"`: "client",
		`"fix":"client","software":{"id":"java-7"}`:       "java",
		`"fix":"server","aws":{"service":"rds"}`:          "server-rds",
		`"fix":"unknown"`:                                 "middlebox",
		`"fix":"client","advice":{"id":"newer"}`:          "client",
		`"fix":"client","advice":{"id":"nodejs"}`:         "nodejs",
		`"fix":"server","aws":{"service":"newest thing"}`: "server",
	} {
		g, _ := advice.Lookup(want)
		if got := explained(t, `{"schema":"tlsfloor/1","kind":"handshake","flagged":true,`+text+"}"); !strings.Contains(got, g.Title+"\n===") {
			t.Errorf("%s: %s", text, got)
		}
	}
}

func TestForeignLinesAreLeftOut(t *testing.T) {
	r := NewFindings()
	long := strings.Repeat("x", 3*maxLine)
	events := "no JSON\n{}\n[1]\n\n" + long + "\n" + fmt.Sprintf(flaggedEvent, 1, "a.amazonaws.com", 1) + long
	if err := r.Add(strings.NewReader(events)); err != nil {
		t.Fatal(err)
	}
	if r.Foreign() != 5 || r.flagged != 1 {
		t.Errorf("%d foreign, %d flagged", r.Foreign(), r.flagged)
	}
}

// What was read before a disk fails is kept.
func TestExplainKeepsWhatItRead(t *testing.T) {
	r, broken := NewFindings(), errors.New("bad disk")
	err := r.Add(io.MultiReader(strings.NewReader(fmt.Sprintf(flaggedEvent, 1, "a.amazonaws.com", 1)), failingReader{broken}))
	if !errors.Is(err, broken) || r.flagged != 1 {
		t.Errorf("%v, %d flagged", err, r.flagged)
	}
}

type failingReader struct{ err error }

func (f failingReader) Read([]byte) (int, error) { return 0, f.err }

func TestGroupsAreBounded(t *testing.T) {
	r := NewFindings()
	var events strings.Builder
	const n = maxGroups + 50
	for i := range n {
		fmt.Fprintf(&events, `{"schema":"tlsfloor/1","kind":"handshake","flagged":true,"fix":"client","src_ip":"10.0.%d.%d","host":"%d"}`+"\n", i/256, i%256, i)
	}
	for i := range 100 {
		fmt.Fprintf(&events, `{"schema":"tlsfloor/1","kind":"handshake","flagged":true,"fix":"client","src_ip":"10.0.0.0","host":"%d"}`+"\n", i)
	}
	if err := r.Add(strings.NewReader(events.String())); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := r.Write(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"50 more flagged flows found no room here", "... and 9,980 more like these", "and others"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing", want)
		}
	}
}

func TestGuidesAreWritten(t *testing.T) {
	var out strings.Builder
	if err := ListGuides(&out); err != nil {
		t.Fatal(err)
	}
	for _, g := range advice.All() {
		if !strings.Contains(out.String(), g.ID) {
			t.Errorf("%s is not listed", g.ID)
		}
		if err := WriteGuide(&out, g); err != nil {
			t.Fatal(err)
		}
	}
	if WriteGuide(failing{errors.New("full")}, advice.All()[0]) == nil {
		t.Error("a full disk goes unnoticed")
	}
}

func FuzzExplain(f *testing.F) {
	f.Add(fmt.Sprintf(flaggedEvent, 1, "dynamodb.us-west-2.amazonaws.com", 1))
	f.Add(`{"schema":"tlsfloor/1","kind":"handshake","flagged":true,"src_ip":"\u001b[2J","host":"\u202e","process":{"command_line":["","\u0007"]}}`)
	f.Add("{}\n[]\nnull\n\"x\"\n")
	f.Fuzz(func(t *testing.T, events string) { explained(t, events) })
}
