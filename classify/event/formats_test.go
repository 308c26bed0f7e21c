package event

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"tlsfloor/classify"
	"tlsfloor/classify/testing/golden"
	"tlsfloor/parse"
	"tlsfloor/parse/quic"
)

var update = flag.Bool("update", false, "write the golden events anew")

// foreign are the formats of others, each with its definition, and with the allocations
// that encoding a finding may take.
var foreign = []struct {
	name        string
	definition  func(testing.TB) complainer
	allocations float64
}{
	{"ecs", func(t testing.TB) complainer { return loadECS(t) }, 33},
	{"ocsf", func(t testing.TB) complainer { return loadOCSF(t) }, 27},
	{"eve", func(t testing.TB) complainer { return loadEVE(t) }, 15},
	{"zeek", func(t testing.TB) complainer { return loadZeek(t) }, 7},
}

func parseFormat(t testing.TB, name string, by Sensor) Format {
	t.Helper()
	format, err := ParseFormat(name, by)
	if err != nil {
		t.Fatal(err)
	}
	return format
}

func TestParseFormat(t *testing.T) {
	for name, begins := range map[string]string{
		"native": `{"schema":"tlsfloor/1"`, "ecs": `{"@timestamp"`, "ocsf": `{"class_uid"`, "eve": `{"timestamp"`, "zeek": `{"ts"`,
	} {
		if line := string(parseFormat(t, name, sensor).AppendFinding(nil, violation())); !strings.HasPrefix(line, begins) {
			t.Errorf("%s begins %.30s", name, line)
		}
	}
	_, err := ParseFormat("cef", sensor)
	if want := `no such format "cef": there are native, ecs, ocsf, eve, zeek`; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

// Every event of every recorded capture conforms to the definition of its format.
func TestFormatsOfCaptures(t *testing.T) {
	for _, tt := range foreign {
		t.Run(tt.name, func(t *testing.T) {
			schema, format := tt.definition(t), parseFormat(t, tt.name, sensor)
			eachRecorded(t, func(t *testing.T, f *classify.Finding) {
				validateWith(t, schema, format.AppendFinding(nil, f))
			})
		})
	}
}

// Combinations that are in no capture.
func TestFormatsOfVariants(t *testing.T) {
	if testing.Short() {
		t.Skip("make quick leaves out what takes seconds of work")
	}
	for _, tt := range foreign {
		t.Run(tt.name, func(t *testing.T) {
			schema := tt.definition(t)
			for _, by := range []Sensor{{}, sensor, {Host: "bastion-1", Live: true}} {
				format := parseFormat(t, tt.name, by)
				for _, f := range variants() {
					line := format.AppendFinding(nil, f)
					checkPrintable(t, line)
					validateWith(t, schema, line)
				}
				if line := format.AppendStats(nil, &Stats{Time: 1, Source: "eth0", Packets: 2, Flows: 3}); len(line) > 0 {
					validateWith(t, schema, line)
				}
			}
		})
	}
}

// variants are findings that differ in one thing each.
func variants() []*classify.Finding {
	var all []*classify.Finding
	add := func(change func(*classify.Finding)) {
		f := violation()
		change(f)
		all = append(all, f)
	}
	for o := classify.OutcomeUnknown; o <= classify.Truncated; o++ {
		add(func(f *classify.Finding) { f.Outcome, f.Flagged = o, false })
		add(func(f *classify.Finding) { f.Outcome, f.Verdict = o, classify.Attempt })
	}
	for v := classify.Undetermined; v < classify.Attempt; v++ {
		add(func(f *classify.Finding) { f.Verdict, f.Flagged, f.Fix = v, false, classify.FixNone })
	}
	for s := classify.NameNone; s <= classify.NameAddress; s++ {
		add(func(f *classify.Finding) { f.HostSource = s })
	}
	for x := classify.FixNone; x <= classify.FixUnknown; x++ {
		add(func(f *classify.Finding) { f.Fix = x })
	}
	for _, v := range versions {
		add(func(f *classify.Finding) { f.Answer.Version, f.Hello.LegacyVersion, f.Hello.Versions = v, v, nil })
	}
	for _, way := range [][2]string{
		{"10.0.0.5:1", "172.16.0.1:2"}, {"8.8.8.8:1", "10.0.0.5:2"}, {"8.8.8.8:1", "1.1.1.1:2"}, {"127.0.0.1:1", "127.0.0.1:2"},
		{"[2001:db8::5]:1", "[2600::1]:443"}, {"[fe80::1%eth0]:1", "[fe80::2%eth0]:443"}, {"[::1]:0", "[::1]:65535"}, {"[::ffff:10.0.0.5]:1", "[::ffff:8.8.8.8]:443"},
	} {
		add(func(f *classify.Finding) {
			f.Client, f.Server = netip.MustParseAddrPort(way[0]), netip.MustParseAddrPort(way[1])
			f.Flagged = false
		})
	}
	for code := range 256 {
		add(func(f *classify.Finding) { f.Alert = &classify.Alert{Level: 1, Code: uint8(code)} })
	}
	for _, v := range []quic.Version{quic.V1, quic.V2, 0xff00001d, 0xfaceb002, 'T'<<24 | '0'<<16 | '5'<<8 | '1'} {
		add(func(f *classify.Finding) { f.Protocol, f.QUIC = parse.QUIC, classify.QUIC{Version: v} })
		add(func(f *classify.Finding) {
			f.Protocol, f.QUIC = parse.QUIC, classify.QUIC{Version: v, Retry: true, Negotiated: true}
		})
	}
	for _, verify := range []bool{false, true} {
		add(func(f *classify.Finding) { f.Protocol, f.HelloVerify = parse.DTLS, verify })
	}
	add(func(f *classify.Finding) { f.Hello = nil })
	add(func(f *classify.Finding) { f.Answer = nil })
	add(func(f *classify.Finding) { f.Hello, f.Answer, f.Alert, f.AWS = nil, nil, nil, nil; f.Flagged = false })
	add(func(f *classify.Finding) { f.Hello, f.Answer = &classify.ClientHello{}, &classify.ServerHello{} })
	add(func(f *classify.Finding) { f.Process, f.Software, f.Advice = nil, nil, nil })
	for _, flag := range []bool{true, false} {
		for _, p := range []*classify.Process{
			nil, longest(), {PID: 1}, {PID: 1, CommandLine: []string{""}}, {PID: 1, CommandLine: []string{"", "a", ""}}, {PID: 1, CommandLine: []string{"/bin/sh"}},
			{PID: 1, Executable: "/", User: "0"}, {PID: 1, Executable: "caf\u00e9", Container: "c"}, {PID: 1, Unit: "a.service", Cgroup: "/a"},
			{PID: 1, User: "a", LoginUser: "a"}, {PID: 1, LoginUser: "b", Started: -1, Script: "a"}, {PID: 2, Parents: []classify.Parent{{PID: 1}}, Folder: "/"},
		} {
			add(func(f *classify.Finding) { f.Process, f.Software, f.Flagged = p, nil, flag })
			add(func(f *classify.Finding) { f.Process, f.Advice, f.Flagged = p, nil, flag })
		}
		for c := classify.Low; c <= classify.High; c++ {
			s := &classify.Software{ID: "openssl", Name: "OpenSSL", Version: "1.0.1 to 1.0.2", Confidence: c, Because: []string{"ja3", "hello.extensions"}}
			add(func(f *classify.Finding) { f.Process, f.Software, f.Flagged = nil, s, flag })
		}
		add(func(f *classify.Finding) {
			f.Advice, f.Flagged = &classify.Advice{ID: "x", Summary: "caf\u00e9 \"now\""}, flag
		})
	}
	for _, flag := range []bool{true, false} {
		add(func(f *classify.Finding) { f.Flagged, f.Series = flag, series })
	}
	add(func(f *classify.Finding) { f.Flagged, f.Exception = false, excepted })
	add(func(f *classify.Finding) { f.Flagged, f.Exception, f.Series = false, excepted, series })
	add(func(f *classify.Finding) { f.Answer.Cipher = 0xfafa })
	add(func(f *classify.Finding) { f.VLANs = []uint16{1} })
	add(func(f *classify.Finding) { f.VLANs = []uint16{1, 2, 3} })
	add(func(f *classify.Finding) { f.Time = -1 })
	add(func(f *classify.Finding) { f.Source, f.Reason, f.Host, f.Names = "", "", "", nil })
	add(func(f *classify.Finding) {
		*f = classify.Finding{Observation: classify.Observation{Client: f.Client, Server: f.Server}}
	})
	return all
}

// longest is a process with the longest texts within capture/proc's bounds, in characters
// that take six bytes in JSON.
func longest() *classify.Process {
	return process(func(bytes int) string { return strings.Repeat("\x01", bytes) })
}

// process is a process whose texts all have the greatest length in capture/proc.
func process(text func(bytes int) string) *classify.Process {
	p := &classify.Process{
		PID: 1<<22 - 1, Executable: text(512), User: text(256), Unit: text(256), Container: text(64), Cgroup: text(512), GoVersion: text(64),
		Variables: slices.Repeat([]string{text(16)}, 8), LoginUser: text(256), Started: 1000, Folder: text(512), Script: text(512),
	}
	for pid := range 4 {
		p.Parents = append(p.Parents, classify.Parent{PID: 1<<22 - pid, Executable: text(512), CommandLine: slices.Repeat([]string{text(128)}, 8)})
	}
	for range 32 {
		p.CommandLine = append(p.CommandLine, text(256))
	}
	for range 8 {
		p.Libraries, p.GoModules = append(p.Libraries, text(512)), append(p.GoModules, text(256))
	}
	return p
}

// A process cannot make an event too long for a datagram (65,507 bytes over
// IPv4), with room for names off the network; one that is not hostile is
// written whole.
func TestProcessIsBounded(t *testing.T) {
	const room = 60_000
	f := violation()
	for _, name := range []string{"native", "ecs", "ocsf", "eve", "zeek"} {
		for _, f.Flagged = range []bool{true, false} {
			format := parseFormat(t, name, sensor)
			f.Process = longest()
			line := format.AppendFinding(nil, f)
			if checkPrintable(t, line); len(line) > room {
				t.Errorf("%s: %d bytes, want at most %d", name, len(line), room)
			}
			decodeEvent(t, line)
		}
	}
	f.Process = process(func(bytes int) string { return strings.Repeat("x", bytes) })
	event := decodeEvent(t, appendNative(nil, f, sensor))
	for key, want := range map[string][]string{"command_line": f.Process.CommandLine, "libraries": f.Process.Libraries, "go_modules": f.Process.GoModules} {
		if got := at(event, "process", key).([]any); len(got) != len(want) {
			t.Errorf("%s: %d, want %d", key, len(got), len(want))
		}
	}
	if got := at(event, "process", "parents").([]any); len(got) != 4 || len(at(got[3], "command_line").([]any)) != 8 {
		t.Errorf("parents: %v", got)
	}
	joined := strings.Join(f.Process.CommandLine, " ")
	if got := at(decodeEvent(t, parseFormat(t, "ecs", Sensor{}).AppendFinding(nil, f)), "process", "command_line"); got != joined {
		t.Errorf("%s, want %s", got, joined)
	}
}

// A command line is shortened at its end, by whole arguments.
func TestCommandLineIsCut(t *testing.T) {
	f, whole := violation(), strings.Repeat("\x01", 256) // 1,536 bytes and more, as written
	f.Process.CommandLine = []string{"first", whole, whole, whole, whole, whole, whole, whole, whole, "last"}
	f.Flagged = false
	want := append([]string{"first"}, slices.Repeat([]string{whole}, 7)...)
	var native struct {
		Process struct {
			CommandLine []string `json:"command_line"`
		}
	}
	if err := json.Unmarshal(appendNative(nil, f, sensor), &native); err != nil || !slices.Equal(native.Process.CommandLine, want) {
		t.Errorf("%d arguments, want %d (%v)", len(native.Process.CommandLine), len(want), err)
	}
	if got := at(decodeEvent(t, parseFormat(t, "ocsf", Sensor{}).AppendFinding(nil, f)), "actor", "process", "cmd_line"); got != strings.Join(want, " ") {
		t.Errorf("%q", got)
	}
}

// Of parents that do not fit, the nearest stay. Each loses arguments before the others
// are left out: a parent must not hide by the length of its own command line.
func TestParentsAreCut(t *testing.T) {
	parents := longest().Parents
	parents[0].Executable = "/usr/sbin/cron"
	fit := fittingParents(parents)
	if len(fit) != 2 || fit[0].Executable != "/usr/sbin/cron" || len(fit[0].CommandLine) != 2 || fit[1].Executable != parents[1].Executable || len(fit[1].CommandLine) != 2 {
		t.Errorf("%d: %.300v", len(fit), fit)
	}
	for name, parents := range map[string][]classify.Parent{"long": fit, "many": fittingParents(make([]classify.Parent, 1000))} {
		if size := len(appendParents([]byte("{"), parents)) - len(`{"parents":[]`); size > maxParents {
			t.Errorf("%s: %d bytes", name, size)
		}
	}
	if whole := violation().Process.Parents; !reflect.DeepEqual(fittingParents(whole), whole) {
		t.Error("parents that fit were cut")
	}
}

// OCSF events that are not flagged have the process, too.
func TestOCSFActor(t *testing.T) {
	const parent, cron = `{"cmd_line":"sh /etc/cron.hourly/app\u001b]0;\"","name":"dash","path":"/bin/dash","pid":1200}`,
		`{"cmd_line":"/usr/sbin/CRON -f","name":"cron","path":"/usr/sbin/cron","pid":1199}`
	const want = `{"app_name":"Node.js","process":{"ancestry":[` + parent + `,` + cron + `],` +
		`"cmd_line":"node app.js \u001b]0;\"\u00ff","container":{"uid":"4b0e1a9c2f"},"created_time":1772366399250,` +
		`"name":"node","parent_process":` + parent + `,"path":"/usr/bin/node","pid":1234,"user":{"name":"svc"},` +
		`"working_directory":"/srv/app"},"user":{"name":"alice"}}`
	f := violation()
	event := decodeEvent(t, parseFormat(t, "ocsf", Sensor{}).AppendFinding(nil, f))
	var wanted any
	if err := json.Unmarshal([]byte(want), &wanted); err != nil {
		t.Fatal(err)
	}
	got := []any{at(event["evidences"].([]any)[0], "actor")}
	f.Flagged = false
	got = append(got, at(decodeEvent(t, parseFormat(t, "ocsf", Sensor{}).AppendFinding(nil, f)), "actor"))
	for i, actor := range got {
		if literal(actor) != literal(wanted) {
			t.Errorf("%d: %s, want %s", i, literal(actor), literal(wanted))
		}
	}
	f.Process, f.Software.Confidence = nil, classify.Medium
	if actor := decodeEvent(t, parseFormat(t, "ocsf", Sensor{}).AppendFinding(nil, f))["actor"]; actor != nil {
		t.Errorf("a guess is an actor: %v", actor)
	}
}

var versions = []parse.Version{
	parse.SSLv2, parse.SSLv3, parse.TLSv1, parse.TLSv11, parse.TLSv12, parse.TLSv13, parse.DTLSv1, parse.DTLSv12, parse.DTLSv13,
	0x7f17, 0xfb1a, 0x0a0a, 0x0305, 0,
}

// With any text of a peer, in a file name or in a host name, the event is one well-formed
// line that conforms to the definition, without control characters.
func FuzzFormats(f *testing.F) {
	f.Add([]byte("dynamodb.us-west-2.amazonaws.com"), "eth0", uint16(0x0301))
	f.Add([]byte("\x00\x1b[2J\x1b]0;pwned\x07\n\r\"\\\x7f"), "\u202egpj.pcap", uint16(0x0a0a))
	f.Add([]byte("\xff\xfe\xed\xa0\x80\u2028\u2029"), "caf\u00e9 \U0001f600 \xff", uint16(0x7f17))
	f.Add([]byte(strings.Repeat("\x80", 300)), "", uint16(2))
	f.Add([]byte("_"), "__", uint16(0xfb20))
	f.Fuzz(func(t *testing.T, wire []byte, text string, number uint16) {
		for _, flagged := range []bool{true, false} {
			finding := hostile(string(wire), text, number)
			finding.Flagged = flagged
			for _, tt := range foreign {
				format := parseFormat(t, tt.name, Sensor{Host: text, Version: text, Live: number%2 == 0})
				line := format.AppendFinding(nil, finding)
				checkPrintable(t, line)
				if _, err := os.Stat(published); err != nil {
					decodeEvent(t, line)
				} else {
					validateWith(t, tt.definition(t), line)
				}
			}
		}
	})
}

// Every format has the anomalies.
func TestAnomaliesInEveryFormat(t *testing.T) {
	f := violation()
	f.Anomalies = []string{"ip_fragment_conflict", "name_mismatch"}
	const list = `["ip_fragment_conflict","name_mismatch"]`
	for name, want := range map[string]string{
		"native": `"anomalies":` + list, "ecs": `"anomalies":` + list, "ocsf": `"anomalies":` + list, "zeek": `"tlsfloor.anomalies":` + list,
		"eve": `{"key":"tlsfloor.anomaly","value":"ip_fragment_conflict"},{"key":"tlsfloor.anomaly","value":"name_mismatch"}`,
	} {
		for _, flagged := range []bool{true, false} {
			f.Flagged = flagged
			if line := parseFormat(t, name, sensor).AppendFinding(nil, f); !bytes.Contains(line, []byte(want)) {
				t.Errorf("%s, flagged %v: %s", name, flagged, line)
			}
		}
	}
}

func TestFormatsAppend(t *testing.T) {
	for _, tt := range foreign {
		if got := parseFormat(t, tt.name, sensor).AppendFinding([]byte("before "), violation()); !bytes.HasPrefix(got, []byte(`before {"`)) {
			t.Errorf("%s: %.40s", tt.name, got)
		}
	}
}

// goldenNames are captures whose events were reviewed, one of each kind.
var goldenNames = []string{
	"openssl-tls10-sni.pcap", "openssl-tls10-refused.pcap", "java-ssl3.pcap", "openssl-ipv6.pcap", "wrapped-vlan.pcap",
	"postgresql-tls10.pcap", "openssl-tls12-resumed-ticket.pcap", "openssl-tls10-dns.pcap", "haproxy-v2.pcap", "openssl-tls10-reset.pcap",
}

// named are findings with a client that is known: by its process, and by its
// hello alone.
func named() []*classify.Finding {
	process, hello := violation(), violation()
	process.Process.CommandLine = []string{"node", "app.js", "--region", "us-west-2"}
	hello.Process, hello.Flagged = nil, false
	hello.Software = &classify.Software{
		ID: "openssl-1.0.1", Name: "OpenSSL", Version: "1.0.1", Library: "OpenSSL 1.0.1", Confidence: classify.Medium, Because: []string{"ja3"},
	}
	hello.Advice = &classify.Advice{ID: "openssl", Summary: "Update OpenSSL."}
	return []*classify.Finding{process, hello}
}

func TestFormatsGolden(t *testing.T) {
	all, err := recordedLines()
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range foreign {
		var got []byte
		for _, f := range named() {
			got = append(parseFormat(t, tt.name, Sensor{Host: "bastion-1", Version: "1.0.0", Live: true}).AppendFinding(got, f), '\n')
		}
		for _, name := range goldenNames {
			if len(all[name]) == 0 {
				t.Fatalf("no findings in %s", name)
			}
			for _, f := range findingsOf(t, all[name]) {
				flow := *f
				flow.Sensor, flow.Software, flow.Advice = nil, nil, nil // another package's table: it grows
				got = append(parseFormat(t, tt.name, Sensor{Host: "bastion-1", Version: "1.0.0"}).AppendFinding(got, &flow), '\n')
			}
		}
		golden.Compare(t, filepath.Join("testdata", tt.name+".jsonl"), got, *update)
	}
}

// eveSchema is Suricata's JSON Schema.
type eveSchema struct{ *jsonschema.Schema }

var eveCompiled = sync.OnceValues(func() (*jsonschema.Schema, error) {
	return jsonschema.NewCompiler().Compile(published + "/suricata-eve.schema.json")
})

func loadEVE(t testing.TB) complainer {
	t.Helper()
	definition(t, "suricata-eve.schema.json")
	schema, err := eveCompiled()
	if err != nil {
		t.Fatal(err)
	}
	return eveSchema{schema}
}

func (s eveSchema) complaints(event map[string]any) []string {
	if err := s.Validate(event); err != nil {
		return []string{err.Error()}
	}
	return nil
}

// zeekLog is the description of ssl.log in the list of published definitions. Zeek
// itself describes it only in its own language.
type zeekLog struct{ columns, versions []string }

func loadZeek(t testing.TB) complainer {
	t.Helper()
	text, err := os.ReadFile(definition(t, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	// Columns and versions are in back quotes: `ts uid ...` and `TLSv10 ...`.
	_, said, _ := strings.Cut(string(text), "Zeek's ssl.log JSON:")
	said, _, _ = strings.Cut(said, "\n")
	var log zeekLog
	for _, quoted := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(said, -1) {
		if words := strings.Fields(quoted[1]); slices.Contains(words, "TLSv10") {
			log.versions = append(log.versions, words...)
		} else {
			log.columns = append(log.columns, words...)
		}
	}
	if !slices.Contains(log.columns, "id.resp_p") || !slices.Contains(log.columns, "ja4") || len(log.versions) < 6 {
		t.Fatalf("cannot read the columns: %q %q", log.columns, log.versions)
	}
	return log
}

// zeekTypes are the types of the columns, as their values look in JSON.
var zeekTypes = map[string]string{
	"ts": `^-?[0-9]+\.[0-9]{6}$`, "uid": `^"C[0-9A-Za-z]{17}"$`, "resumed": `^(true|false)$`, "established": `^(true|false)$`,
	"id.orig_p": `^[0-9]{1,5}$`, "id.resp_p": `^[0-9]{1,5}$`, "tlsfloor.flagged": `^(true|false)$`,
	"tlsfloor.anomalies": `^\[".*"\]$`, // vector of string
	"tlsfloor.count":     `^[0-9]+$`, "tlsfloor.first_seen": `^-?[0-9]+\.[0-9]{6}$`, "tlsfloor.last_seen": `^-?[0-9]+\.[0-9]{6}$`,
}

func (z zeekLog) complaints(event map[string]any) []string {
	var all []string
	for name, value := range event {
		if !slices.Contains(z.columns, name) && name != "community_id" && !strings.HasPrefix(name, "tlsfloor.") {
			all = append(all, name+": no such column")
		}
		if pattern, ok := zeekTypes[name]; !ok && !isText(value) {
			all = append(all, name+": no text")
		} else if ok && !regexp.MustCompile(pattern).MatchString(literal(value)) {
			all = append(all, name+": "+literal(value))
		}
	}
	for _, name := range []string{"ts", "uid", "id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p", "resumed", "established"} {
		if _, there := event[name]; !there {
			all = append(all, name+": absent, which Zeek never leaves out")
		}
	}
	version, named := event["version"].(string)
	if named && !slices.Contains(z.versions, version) && !regexp.MustCompile(`^(SSLv2|DTLSv1[03]|TLSv13-draft[0-9]+|unknown-[0-9]+)$`).MatchString(version) {
		all = append(all, "version: "+version)
	}
	return all
}

func isText(value any) bool {
	text, ok := value.(string)
	return ok && text != ""
}

func BenchmarkFormats(b *testing.B) {
	plain := violation()
	plain.Process, plain.Software, plain.Advice = nil, nil, nil
	plain.VLANs, plain.Tunnels, plain.Names, plain.Anomalies, plain.Alert = nil, nil, nil, nil, nil
	plain.Hello.JA3Full = "769,49171-49172-156-157-47-53-10,0-23-65281-10-11-35-16-5-13,29-23-24,0"
	plain.Proxied.Client, plain.Proxied.Server = netip.AddrPort{}, netip.AddrPort{}
	for _, tt := range foreign {
		b.Run(tt.name, func(b *testing.B) {
			b.ReportAllocs()
			format := parseFormat(b, tt.name, sensor)
			dst := format.AppendFinding(nil, plain)
			b.SetBytes(int64(len(dst)))
			for b.Loop() {
				dst = format.AppendFinding(dst[:0], plain)
			}
		})
	}
}
