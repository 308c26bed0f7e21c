package report

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"tlsfloor/classify"
	"tlsfloor/parse"
)

func oldNode(from byte) *classify.Finding {
	f := flagged(seen(classify.Violation, parse.TLSv1, classify.Established), from, "dynamodb.us-west-2.amazonaws.com",
		"selected TLSv1, below the floor TLSv1.2; the client offers at most TLSv1", classify.FixClient)
	f.Process = &classify.Process{PID: 1234, Executable: "/usr/bin/node", CommandLine: []string{"node", "app.js"}, User: "svc"}
	f.Software = &classify.Software{ID: "nodejs", Name: "Node.js", Version: "10", Library: "OpenSSL 1.1.1", Confidence: classify.High}
	f.Advice = &classify.Advice{ID: "nodejs", Summary: "Update Node.js."}
	return f
}

// counted adds a finding and then identifies it, as a run does.
func (s *Summary) counted(f *classify.Finding) {
	draft := *f
	draft.Process, draft.Software, draft.Advice = nil, nil, nil
	s.Add(&draft)
	s.Identify(f)
}

func TestClientsAreNamed(t *testing.T) {
	const head = "        1  10.0.0.5 -> dynamodb.us-west-2.amazonaws.com\n" +
		"           selected TLSv1, below the floor TLSv1.2; the client offers at most\n" +
		"           TLSv1. The client has to change.\n"
	for _, tt := range []struct {
		name   string
		change func(*classify.Finding)
		want   string
	}{
		{"everything", func(*classify.Finding) {}, `
           Client: Node.js 10 (OpenSSL 1.1.1), /usr/bin/node
           Advice: tlsfloor explain nodejs
`},
		{"by the hello", func(f *classify.Finding) { f.Process, f.Software.Confidence = nil, classify.Medium }, `
           Client: most likely Node.js 10 (OpenSSL 1.1.1)
           Advice: tlsfloor explain nodejs
`},
		{"a library that is all that shows", func(f *classify.Finding) {
			f.Process, f.Advice = nil, nil
			f.Software = &classify.Software{ID: "openssl", Name: "OpenSSL", Version: "1.0.1 to 1.0.2", Library: "OpenSSL 1.0.1 to 1.0.2", Confidence: classify.Low}
		}, `
           Client: perhaps OpenSSL 1.0.1 to 1.0.2
`},
		{"a name and no more", func(f *classify.Finding) {
			f.Process, f.Advice, f.Software = nil, nil, &classify.Software{Name: "GnuTLS", Library: "GnuTLS", Confidence: classify.High}
		}, `
           Client: GnuTLS
`},
		{"a process of unknown software", func(f *classify.Finding) { f.Software, f.Advice = nil, nil }, `
           Client: /usr/bin/node
`},
		{"advice alone", func(f *classify.Finding) { f.Software, f.Process = nil, nil }, `
           Advice: tlsfloor explain nodejs
`},
		{"nothing", func(f *classify.Finding) { f.Software, f.Process, f.Advice = nil, nil, nil }, "\n"},
		{"a process without a name", func(f *classify.Finding) { f.Software, f.Process, f.Advice = nil, &classify.Process{PID: 1}, nil }, "\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, f := New(toAWS), oldNode(5)
			tt.change(f)
			s.counted(f)
			got := text(t, s, Run{}, false)
			if _, list, _ := strings.Cut(got, "first:\n\n"); list != head+strings.TrimPrefix(tt.want, "\n") {
				t.Errorf("got\n%s\nwant\n%s", list, head+tt.want)
			}
			checkWidth(t, got)
		})
	}
}

// A row has only its own clients, each once, up to a bound.
func TestClientsOfARow(t *testing.T) {
	s := New(toAWS)
	for i := range 10 {
		f := oldNode(5)
		f.Software = &classify.Software{Name: fmt.Sprintf("Program %d", (3*i+1)%5), Confidence: classify.High}
		s.counted(f)
	}
	other := oldNode(6)
	other.Software.Name = "Elsewhere"
	s.counted(other)
	list := text(t, s, Run{}, false)
	mine, others, _ := strings.Cut(list, "10.0.0.6")
	for want, n := range map[string]int{"Program 0,": 1, "Program 2,": 1, "Program 3,": 0, "And other clients.": 1, "Elsewhere": 0, "explain nodejs": 1} {
		if got := strings.Count(mine, want); got != n {
			t.Errorf("%q %d times, want %d, in\n%s", want, got, n, list)
		}
	}
	if strings.Contains(others, "Program") || !strings.Contains(others, "Elsewhere") {
		t.Errorf("%s", others)
	}
}

// A local user chooses the path of a program.
func TestHostileClients(t *testing.T) {
	s := New(toAWS)
	for _, name := range []string{"\x1b[2J\x00\x7f\x9b", "\u202egpj", strings.Repeat("x", 512), strings.Repeat("\xff", 512), strings.Repeat("\x01", 61), "a b\nc"} {
		f := oldNode(5)
		f.Process.Executable, f.Software.Version, f.Software.Library, f.Advice.ID = name, name, name, name
		s.counted(f)
		s = New(toAWS)
		s.counted(f)
		got := text(t, s, Run{}, false)
		checkWidth(t, got)
		for _, c := range []byte(got) {
			if c != '\n' && (c < ' ' || c > '~') {
				t.Fatalf("byte %#x in %q", c, got)
			}
		}
	}
}

// Invented hosts and programs cannot make the summary grow.
func TestClientsAreBounded(t *testing.T) {
	s := New(toAWS)
	for i := range 3 * maxRows {
		f := oldNode(5)
		f.Host = fmt.Sprintf("%d.amazonaws.com", i)
		s.Identify(f)
	}
	for i := range 3 * maxRows {
		f := oldNode(5)
		f.Host, f.Process.Executable = "0.amazonaws.com", fmt.Sprint(i)
		s.Identify(f)
	}
	kept := 0
	for _, row := range s.clients.byRow {
		kept += len(row.kept)
	}
	if len(s.clients.byRow) != maxRows || kept != maxRows+maxClients-1 {
		t.Errorf("%d rows, %d clients", len(s.clients.byRow), kept)
	}
}

// Findings are counted in one goroutine while others identify them.
func TestIdentifyWhileCounting(t *testing.T) {
	s := New(toAWS)
	var all sync.WaitGroup
	for range 4 {
		all.Add(1)
		go func() {
			defer all.Done()
			for i := range 100 {
				s.Identify(oldNode(byte(i)))
			}
		}()
	}
	for i := range 100 {
		s.Add(oldNode(byte(i)))
	}
	all.Wait()
	if got := strings.Count(text(t, s, Run{}, false), "Client: Node.js"); got != maxRowsShown {
		t.Errorf("%d rows are named, want %d", got, maxRowsShown)
	}
}

// Parts of a run are merged in one goroutine while others identify findings.
func TestIdentifyWhileMerging(t *testing.T) {
	s := New(toAWS)
	ofPart := func(i, part int) *classify.Finding {
		f := oldNode(byte(i))
		f.Software = &classify.Software{Name: fmt.Sprintf("Program %d", part)}
		return f
	}
	var merged atomic.Bool
	var all sync.WaitGroup
	for range 4 {
		all.Add(1)
		go func() {
			defer all.Done()
			for n := 0; !merged.Load(); n++ {
				s.Identify(ofPart(n%7, n%(2*maxClients)))
			}
		}()
	}
	for i := range 100 {
		part := New(toAWS)
		for n := range maxClients + 1 { // more than are kept
			part.counted(ofPart(i%7, n))
		}
		s.Merge(part)
	}
	merged.Store(true)
	all.Wait()
	if got := strings.Count(text(t, s, Run{}, false), "And other clients."); got != 7 {
		t.Errorf("%d rows have other clients, want 7", got)
	}
}

// Merged parts of a run know the same clients as the whole.
func TestClientsAreMerged(t *testing.T) {
	whole, merged, parts := New(toAWS), New(toAWS), []*Summary{New(toAWS), New(toAWS), New(toAWS)}
	for i := range 60 {
		f := oldNode(byte(i % 7))
		f.Software = &classify.Software{Name: fmt.Sprintf("Program %d", i%30), Confidence: classify.High}
		whole.counted(f)
		parts[i%len(parts)].counted(f)
	}
	for _, p := range parts {
		merged.Merge(p)
	}
	if got, want := text(t, merged, Run{}, false), text(t, whole, Run{}, false); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestIdentifyWantsFlagged(t *testing.T) {
	s, f := New(toAWS), oldNode(5)
	f.Flagged = false
	if s.Identify(f); len(s.clients.byRow) != 0 {
		t.Error("kept")
	}
}
