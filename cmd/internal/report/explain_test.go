package report

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"tlsfloor/classify"
	"tlsfloor/classify/advice"
	"tlsfloor/classify/event"
	"tlsfloor/cmd/internal/blind"
)

const flaggedEvent = `{"schema":"tlsfloor/1","kind":"handshake","ts":"2026-03-01T12:00:0%d.000000Z","flagged":true,"fix":"client",` +
	`"reason":"selected TLSv1","src_ip":"10.0.0.5","host":"%s","aws":{"service":"dynamodb","region":"us-west-2"},"server":{"version":"TLSv1"},` +
	`"process":{"pid":%d,"executable":"/usr/bin/node","command_line":["node","app.js"],"user":"svc","unit":"app.service"},` +
	`"software":{"id":"nodejs","name":"Node.js","version":"10.24.1","library":"OpenSSL 1.1.1","confidence":"high"},"advice":{"id":"nodejs","summary":"x"}}` + "\n"

func explained(t *testing.T, events string) string {
	t.Helper()
	r := NewFindings(Selection{})
	if err := r.Add(strings.NewReader(events)); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := r.Write(&out, DefaultExplained); err != nil {
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
		"2 flagged flows of 1 client in 3 events.\nEvents from 2026-03-01 12:00:01 to 12:00:02 UTC.\n",
		"AWS SDK for JavaScript on Node.js\n=================================\n\n2 flagged flows of 1 client, the most flows first:\n\n" +
			"        2  10.0.0.5, /usr/bin/node (user svc, unit app.service)\n" +
			"           software: Node.js 10.24.1 (OpenSSL 1.1.1)\n" +
			"           command:  node app.js\n" +
			"           seen:     twice, 2026-03-01 12:00:01 to 12:00:02 UTC\n" +
			"           to:       " + dynamo + "\n" +
			"           why:      selected TLSv1\n" +
			"           fix:      the client has to change. Run Node.js 22 or newer; this one\n",
		"      node --tls-min-v1.2 app.js\n",
		"\nProof: The client's next connections have the verdict \"ok\"",
		"\n      sudo tlsfloor -i any --emit all | jq -r '[.src_ip, .host, .verdict,\n        .client.max_version, .server.version] | @tsv'\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	if strings.Contains(text, "10.0.0.6") || strings.Count(text, "Sources, checked on ") != 1 {
		t.Error(text)
	}
}

func TestExplainNothing(t *testing.T) {
	if text := explained(t, `{"schema":"tlsfloor/1","kind":"handshake","flagged":false}`); text != "Nothing is flagged in 1 event: there is nothing to change.\n" {
		t.Error(text)
	}
}

// Events of versions before advice existed, or of a newer tlsfloor.
func TestAdviceIsDerived(t *testing.T) {
	for text, want := range map[string]string{
		`"fix":"client"`: "client",
		`"fix":"client","software":{"id":"java-8"}`:                                                                      "java",
		`"fix":"server","aws":{"service":"rds","resource":"db"}`:                                                         "server-rds",
		`"fix":"server","aws":{"service":"sts"}`:                                                                         "server-api",
		`"fix":"server","aws":{"service":"sqs","resource":"vpce-1","vpc_endpoint":true}`:                                 "server-api",
		`"fix":"client","starttls":"mysql"`:                                                                              "databases",
		`"fix":"client","software":{"id":"openssl"},"process":{"executable":"/usr/sbin/exim4","command_line":["exim4"]}`: "mail",
		`"fix":"unknown"`: "client",
		`"fix":"unknown","client":{"max_version":"TLSv1"}`:               "middlebox",
		`"fix":"client","advice":{"id":"newer"}`:                         "client",
		`"fix":"client","advice":{"id":"nodejs"}`:                        "nodejs",
		`"fix":"server","aws":{"service":"newest thing","resource":"x"}`: "server",
	} {
		g, _ := advice.Lookup(want)
		if got := explained(t, `{"schema":"tlsfloor/1","kind":"handshake","flagged":true,`+text+"}"); !strings.Contains(got, g.Title+"\n===") {
			t.Errorf("%s: %s", text, got)
		}
	}
}

// What is known about a client comes before its guide.
func TestAdviceFitsTheClient(t *testing.T) {
	const curl = `{"schema":"tlsfloor/1","kind":"handshake","flagged":true,"fix":"client","src_ip":"10.0.0.5",` +
		`"process":{"executable":"/usr/bin/curl","command_line":["curl","--tls-max","1.0","https://s3.amazonaws.com"]},` +
		`"software":{"id":"curl","confidence":"high"},"advice":{"id":"curl","summary":"x"}}`
	if got := explained(t, curl); !strings.Contains(strings.Join(strings.Fields(got), " "), "fix: the client has to change. The command line has --tls-max 1.0") {
		t.Error(got)
	}
	if got := explained(t, strings.Replace(curl, `"--tls-max","1.0",`, "", 1)); strings.Contains(got, "has --tls-max 1.0:") {
		t.Error(got)
	}
	const python = `{"schema":"tlsfloor/1","kind":"handshake","flagged":true,"fix":"client","src_ip":"10.0.0.5",` +
		`"process":{"executable":"/usr/bin/python3.11","variables":["OPENSSL_CONF"]},` +
		`"software":{"id":"python","version":"3.11","confidence":"high"},"advice":{"id":"python","summary":"x"}}`
	if got := explained(t, python); !strings.Contains(strings.Join(strings.Fields(got), " "), "fix: the client has to change. OPENSSL_CONF is set for this process") {
		t.Error(got)
	}
}

func TestForeignLinesAreLeftOut(t *testing.T) {
	r := NewFindings(Selection{})
	long := strings.Repeat("x", 3*maxLine)
	events := "no JSON\n{}\n[1]\n\n" + long + "\n" + fmt.Sprintf(flaggedEvent, 1, "a.amazonaws.com", 1) + long
	if err := r.Add(strings.NewReader(events)); err != nil {
		t.Fatal(err)
	}
	if r.foreign != 5 || r.clients.flows != 1 {
		t.Errorf("%d foreign, %d flagged", r.foreign, r.clients.flows)
	}
}

// Events that were read before an error are kept.
func TestExplainKeepsWhatItRead(t *testing.T) {
	r, broken := NewFindings(Selection{}), errors.New("bad disk")
	err := r.Add(io.MultiReader(strings.NewReader(fmt.Sprintf(flaggedEvent, 1, "a.amazonaws.com", 1)), failingReader{broken}))
	if !errors.Is(err, broken) || r.clients.flows != 1 {
		t.Errorf("%v, %d flagged", err, r.clients.flows)
	}
}

type failingReader struct{ err error }

func (f failingReader) Read([]byte) (int, error) { return 0, f.err }

// However many clients, destinations and reasons there are: memory is bounded, and all
// flows are counted.
func TestExplainedClientsAreBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("make quick leaves out what takes seconds of work")
	}
	r := NewFindings(Selection{})
	var events strings.Builder
	const n = maxExplained + 50
	for i := range n {
		fmt.Fprintf(&events, `{"schema":"tlsfloor/1","kind":"handshake","flagged":true,"fix":"client","src_ip":"10.0.%d.%d","host":"%d"}`+"\n", i/256, i%256, i)
	}
	for i := range 100 {
		fmt.Fprintf(&events, `{"schema":"tlsfloor/1","kind":"handshake","flagged":true,"fix":"client","src_ip":"10.0.0.0","host":"%d"}`+"\n", i)
	}
	if err := r.Add(strings.NewReader(events.String())); err != nil {
		t.Fatal(err)
	}
	if len(r.clients.list.list) != maxExplained {
		t.Errorf("%d clients", len(r.clients.list.list))
	}
	var out strings.Builder
	if err := r.Write(&out, DefaultExplained); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"10,150 flagged flows of more than 10,000 clients in 10,150 events.\n",
		"      101  10.0.0.0\n", "others (76)\n", "    9,980  flows of 9,980 more clients: --top 0 lists all\n",
		"       50  flagged flows of clients beyond the first 10,000 by address,",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in\n%.3000s", want, out.String())
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
	for line := range strings.Lines(out.String()) {
		if len(line) > width+1 && !strings.Contains(line, " https://") {
			t.Errorf("%d columns: %s", len(line)-1, line)
		}
	}
	if java, _ := advice.Lookup("java"); !strings.Contains(written(t, java), "\nAfter # is what the command prints, with ... for what varies. In commands, HOST\nstands for the event's host, PID for its process.pid.\n") {
		t.Error("the words in capitals are not explained")
	}
	if WriteGuide(failing{errors.New("full")}, advice.All()[0]) == nil {
		t.Error("a full disk goes unnoticed")
	}
}

func written(t *testing.T, g *advice.Guide) string {
	var out strings.Builder
	if err := WriteGuide(&out, g); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func FuzzExplain(f *testing.F) {
	f.Add(fmt.Sprintf(flaggedEvent, 1, "dynamodb.us-west-2.amazonaws.com", 1))
	f.Add(`{"schema":"tlsfloor/1","kind":"handshake","flagged":true,"src_ip":"\u001b[2J","host":"\u202e","process":{"command_line":["","\u0007"]}}`)
	f.Add("{}\n[]\nnull\n\"x\"\n")
	f.Add(string(event.NewNative(event.Sensor{Host: "a"}).AppendFinding(nil, cronCurl(1))) + "\n" + statsEvent("a", `{"cause":"cut_hellos","count":1}`, true))
	f.Add(`{"schema":"tlsfloor/1","kind":"handshake","flagged":true,"ts":"0000-01-01T00:00:00Z","src_ip":"fe80::1%\u0007","host":"\u00ff\u0100","host_source":"connect","dst_ip":"::ffff:1.2.3.4","process":{"executable":"a","parents":[{},{"command_line":["sh","-c"]}]}}`)
	f.Fuzz(func(t *testing.T, events string) { explained(t, events) })
}

// statsEvent returns a stats event with these spots; last: it ends its run.
func statsEvent(host, spots string, last bool) string {
	final := ""
	if last {
		final = `,"final":true`
	}
	return `{"schema":"tlsfloor/1","kind":"stats","ts":"2026-03-01T12:00:00.000000Z","packets":9,"in_scope":0,"flagged":0,"blind":[` +
		spots + `]` + final + `,"sensor":{"host":"` + host + `"}}` + "\n"
}

func TestExplainTellsWhatCouldNotBeSeen(t *testing.T) {
	const esp = `{"cause":"unread_protocols","count":%d,"top":[{"number":50,"name":"ESP","count":%d}]}`
	const cut = `{"cause":"cut_hellos","count":%d}`
	const clean = "Nothing is flagged in 1 event: there is nothing to change.\nEvents from 2026-03-01 12:00:00 UTC.\n"
	for _, tt := range []struct {
		name, events string
		want         []string
		not          string
	}{
		{"a clean run", statsEvent("a", "", true), []string{clean}, "seen"},
		{"one run, counted twice", statsEvent("a", fmt.Sprintf(cut, 2), false) + statsEvent("a", fmt.Sprintf(cut, 3), true),
			[]string{"Nothing is flagged in 2 events, but not everything could be seen: see below.\n", "Could not be seen:\n\n        3  handshakes whose hello"}, "change"},
		{"two runs", statsEvent("a", fmt.Sprintf(cut, 2), true) + statsEvent("a", fmt.Sprintf(cut, 3), true), []string{"        5  handshakes whose hello"}, "change"},
		{"two sensors that were killed", statsEvent("a", fmt.Sprintf(cut, 2), false) + statsEvent("b", fmt.Sprintf(cut, 3), false) + statsEvent("a", fmt.Sprintf(cut, 4), false),
			[]string{"        7  handshakes whose hello"}, "change"},
		{"a sensor that was killed, and then found less", statsEvent("a", fmt.Sprintf(cut, 5), false) + statsEvent("a", fmt.Sprintf(cut, 1), false) + statsEvent("a", "", true),
			[]string{"        6  handshakes whose hello"}, "change"},
		{"an expression that matched later", statsEvent("a", `{"cause":"filter_matched_nothing","count":1}`, false) + statsEvent("a", "", true),
			[]string{"Nothing is flagged in 2 events: there is nothing to change.\n"}, "seen"},
		{"numbers and names", statsEvent("a", fmt.Sprintf(esp, 12, 12)+","+fmt.Sprintf(cut, 1), true),
			[]string{"       12  packets of an IP protocol that is not read, and may carry TCP: 50\n           ESP.", "        1  handshake whose hello"}, "change"},
		{"a cause of the future", statsEvent("a", `{"cause":"gremlins","count":1}`, true), []string{"not everything could be seen", "of a newer tlsfloor"}, "gremlins"},
		{"beside what is flagged", fmt.Sprintf(flaggedEvent, 1, "a.amazonaws.com", 7) + statsEvent("a", fmt.Sprintf(cut, 1), true),
			[]string{"1 flagged flow of 1 client in 2 events. Not everything could be seen: see below.\n", "Sources, checked on ", "Could not be seen:\n"}, "Nothing"},
		{"a name that the terminal would obey", statsEvent("a", `{"cause":"inputs_left_out","count":1,"top":[{"name":"\u001b[2Jx","count":1}]}`, true), []string{"?[2Jx"}, "\x1b"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := explained(t, tt.events)
			for _, want := range tt.want {
				if !strings.Contains(got, want) {
					t.Errorf("%q is not in\n%s", want, got)
				}
			}
			if strings.Contains(got, tt.not) {
				t.Errorf("%q is in\n%s", tt.not, got)
			}
		})
	}
}

// Blind spots are the same after they were written and read.
func TestSpotsComeBack(t *testing.T) {
	spots := []blind.Spot{
		{Cause: cause("inputs_left_out"), Count: 1, Top: []blind.Item{{Name: "notes.txt", Count: 1}}},
		{Cause: cause("unread_protocols"), Count: 4, Top: []blind.Item{{Name: "ESP", Number: 50, Numbered: true, Count: 3}, {Numbered: true, Count: 1}}},
		{Cause: cause("cut_hellos"), Count: 2},
	}
	line := event.NewNative(event.Sensor{Host: "a"}).AppendStats(nil, &event.Stats{Blind: blind.ForEvent(spots), Final: true})
	r := NewFindings(Selection{})
	if err := r.Add(strings.NewReader(string(line) + "\n")); err != nil {
		t.Fatal(err)
	}
	if got := r.unseen.totals().spots; !reflect.DeepEqual(got, spots) {
		t.Errorf("got %+v, want %+v", got, spots)
	}
}

// Events may be of any number of sensors.
func TestRunsAreBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("make quick leaves out what takes seconds of work")
	}
	r := NewFindings(Selection{})
	for i := range 3 * maxRuns {
		if err := r.Add(strings.NewReader(statsEvent(fmt.Sprint(i), `{"cause":"cut_hellos","count":1}`, false))); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(r.unseen.open); n > maxRuns {
		t.Errorf("%d runs are told apart", n)
	}
	if all := r.unseen.totals().spots; len(all) != 1 || all[0].Count != 3*maxRuns {
		t.Errorf("%+v", all)
	}
}

// That there is nothing to change is only said of events that were all read, and that are
// all there.
func TestNothingIsSaidOfWhatWasNotRead(t *testing.T) {
	const fine = `{"schema":"tlsfloor/1","kind":"handshake","ts":"2026-03-01T12:00:00.000000Z","flagged":false,"src_ip":"10.0.0.6"}` + "\n"
	const counted = `{"schema":"tlsfloor/1","kind":"stats","flagged":3,"final":true,"blind":[]}` + "\n"
	for _, tt := range []struct {
		name, events string
		incomplete   bool
		want         string
	}{
		{"one of several", fmt.Sprintf(flaggedEvent, 1, "a.amazonaws.com", 1) + counted, false, "1 flagged flow of 1 client in 2 events. The runs have counted 3 flagged flows:\nthe events about the others are somewhere else.\n"},
		{"all was read", fine, false, "Nothing is flagged in 1 event: there is nothing to change.\n"},
		{"a file was not", fine, true, "Nothing is flagged in 1 event, but not everything could be read.\n"},
		{"a line was not", fine + fine[:40], false, "Nothing is flagged in 1 event, but not everything could be read.\n"},
		{"the events are elsewhere", fine + counted, false, "Nothing is flagged in 2 events, but the runs have counted 3 flagged flows: the\nevents about these are somewhere else.\n"},
		{"a flagged one beside a bad line", fmt.Sprintf(flaggedEvent, 1, "a.amazonaws.com", 1) + "x", false, "1 flagged flow of 1 client in 1 event. Not everything could be read.\n"},
	} {
		r := NewFindings(Selection{})
		if err := r.Add(strings.NewReader(tt.events)); err != nil {
			t.Fatal(err)
		}
		if tt.incomplete {
			r.Incomplete()
		}
		var out strings.Builder
		if err := r.Write(&out, 0); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(out.String(), tt.want) || strings.Count(out.String(), "nothing to change") != strings.Count(tt.want, "nothing to change") {
			t.Errorf("%s:\n%s", tt.name, out.String())
		}
	}
}

// The summary at the end of a run, and the explanation of its events, say the same about
// each client.
func TestSummaryAndExplanationAgree(t *testing.T) {
	for seed := range int64(10) {
		r := rand.New(rand.NewSource(seed))
		s, read, events := New(Options{}), NewFindings(Selection{}), []byte(nil)
		native := event.NewNative(event.Sensor{Host: "a"})
		for range 2000 {
			f := completeFinding(r)
			s.Add(f)
			s.Identify(f)
			events = append(native.AppendFinding(events, f), '\n')
		}
		if err := read.Add(bytes.NewReader(events)); err != nil {
			t.Fatal(err)
		}
		if s.flagged == 0 || s.flagged != read.clients.flows {
			t.Fatalf("%d flagged, %d explained", s.flagged, read.clients.flows)
		}
		got, want := new(page), new(page)
		for _, of := range []struct {
			*page
			rows []row
		}{{want, s.clients.rows()}, {got, read.clients.rows()}} {
			for i := range of.rows {
				of.row(&of.rows[i], view{most: maxDestinations})
			}
		}
		checkWidth(t, got.text.String())
		if got.text.String() != want.text.String() {
			g, w := strings.Split(got.text.String(), "\n"), strings.Split(want.text.String(), "\n")
			for i := range w {
				if i >= len(g) || g[i] != w[i] {
					t.Fatalf("seed %d: explained\n%s\nin the summary\n%s", seed, strings.Join(g[i:min(i+9, len(g))], "\n"), strings.Join(w[i:min(i+9, len(w))], "\n"))
				}
			}
			t.Fatal("more is explained than is in the summary")
		}
	}
}

// Whatever an event has of a process comes back, because advice goes by it.
func TestProcessComesBack(t *testing.T) {
	p := &classify.Process{Parents: []classify.Parent{{PID: 3, Executable: "/bin/a", CommandLine: []string{"a", "b"}}}}
	of := reflect.ValueOf(p).Elem()
	for i := range of.NumField() {
		switch field := of.Field(i); field.Interface().(type) {
		case string:
			field.SetString("text " + of.Type().Field(i).Name)
		case []string:
			field.Set(reflect.ValueOf([]string{of.Type().Field(i).Name, "second"}))
		case int:
			field.SetInt(int64(i + 1))
		}
	}
	f := cronCurl(0)
	f.Process = p
	got, _, err := event.Read(event.NewNative(event.Sensor{}).AppendFinding(nil, f))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got.Process, p) {
		t.Errorf("got %+v, want %+v", got.Process, p)
	}
}

// completeFinding returns a finding as a run delivers it, with names and texts that are
// not printable now and then.
func completeFinding(r *rand.Rand) *classify.Finding {
	f := someFinding(r)
	f.Client = netip.AddrPortFrom(f.Client.Addr(), 1) // fewer than there is room for
	if r.Intn(2) == 0 {
		f.Client = netip.MustParseAddrPort("[fe80::1%eth0]:1")
	}
	f.Server = netip.AddrPortFrom(netip.MustParseAddr("192.0.2.10"), uint16(443+r.Intn(2)))
	switch r.Intn(6) {
	case 0:
		f.Host = "\xff\x00\u202e.s3.amazonaws.com"
	case 1:
		f.Host, f.HostSource, f.AWS = "", classify.NameAddress, &classify.AWS{Service: "dynamodb", Region: "us-west-2"}
	case 2:
		f.HostSource = classify.NameConnect
	}
	if f.Software != nil {
		f.Software.ID, f.Software.Version = "openssl", "1.0.1"
	}
	if p := f.Process; p != nil {
		p.User, p.Script, p.Folder = "caf\u00e9\xff", "/opt/\xffbackup.sh", strings.Repeat("\xe9", 300)
		p.Parents = []classify.Parent{{PID: 3, Executable: "/opt/a", CommandLine: []string{"a"}}}
		p.CommandLine = append(p.CommandLine, strings.Repeat("\xe9", r.Intn(600)))
	}
	f.Advice = nil
	if f.Flagged {
		if f.Answer == nil {
			f.Hello = new(classify.ClientHello)
		}
		f.Advice = advice.For(f)
	}
	return f
}
