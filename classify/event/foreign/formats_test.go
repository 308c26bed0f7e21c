package foreign

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"tlsfloor/classify"
	"tlsfloor/classify/event"
	"tlsfloor/classify/testing/findings"
	"tlsfloor/classify/testing/golden"
	"tlsfloor/classify/testing/jsonline"
)

var update = flag.Bool("update", false, "write the golden events anew")

var sensor = event.Sensor{Host: "bastion-1", Version: "1.0.0"}

// foreign are the formats of others, each with its definition, and with the allocations
// that encoding a finding may take.
var foreign = []struct {
	name        string
	definition  func(testing.TB) complainer
	allocations float64
}{
	{"ecs", func(t testing.TB) complainer { return loadECS(t) }, 47},
	{"ocsf", func(t testing.TB) complainer { return loadOCSF(t) }, 39},
	{"eve", func(t testing.TB) complainer { return loadEVE(t) }, 33},
	{"zeek", func(t testing.TB) complainer { return loadZeek(t) }, 17},
}

func parseFormat(t testing.TB, name string, by event.Sensor) event.Format {
	t.Helper()
	if name == "native" {
		return event.NewNative(by)
	}
	format, err := ParseFormat(name, by)
	if err != nil {
		t.Fatal(err)
	}
	return format
}

func TestParseFormat(t *testing.T) {
	for name, begins := range map[string]string{
		"native": `{"schema":"tlsfloor/1"`, "ecs": `{"@timestamp"`, "ocsf": `{"class_uid"`, "eve": `{"timestamp"`, "zeek": `{"_path":"ssl","ts"`,
	} {
		if line := string(parseFormat(t, name, sensor).AppendFinding(nil, findings.Violation())); !strings.HasPrefix(line, begins) {
			t.Errorf("%s begins %.30s", name, line)
		}
	}
	_, err := ParseFormat("cef", sensor)
	if want := `no such format "cef": there are ecs, ocsf, eve, zeek`; err == nil || err.Error() != want {
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
			for _, by := range []event.Sensor{{}, sensor, {Host: "bastion-1", Live: true}} {
				format := parseFormat(t, tt.name, by)
				for _, f := range findings.Variants() {
					line := format.AppendFinding(nil, f)
					jsonline.CheckPrintable(t, line)
					validateWith(t, schema, line)
				}
				if line := format.AppendStats(nil, &event.Stats{Time: 1, Source: "eth0", Packets: 2, Flows: 3}); len(line) > 0 {
					validateWith(t, schema, line)
				}
			}
		})
	}
}

// A process cannot make an event too long for a datagram (65,507 bytes over
// IPv4), with room for names off the network; one that is not hostile is
// written whole.
func TestProcessIsBounded(t *testing.T) {
	const room = 60_000
	f := findings.Violation()
	for _, name := range []string{"native", "ecs", "ocsf", "eve", "zeek"} {
		for _, f.Flagged = range []bool{true, false} {
			format := parseFormat(t, name, sensor)
			f.Process = findings.Longest()
			line := format.AppendFinding(nil, f)
			if jsonline.CheckPrintable(t, line); len(line) > room {
				t.Errorf("%s: %d bytes, want at most %d", name, len(line), room)
			}
			jsonline.Decode(t, line)
		}
	}
	f.Process = findings.Process(func(bytes int) string { return strings.Repeat("x", bytes) })
	e := jsonline.Decode(t, event.NewNative(sensor).AppendFinding(nil, f))
	for key, want := range map[string][]string{"command_line": f.Process.CommandLine, "libraries": f.Process.Libraries, "go_modules": f.Process.GoModules} {
		if got := jsonline.At(e, "process", key).([]any); len(got) != len(want) {
			t.Errorf("%s: %d, want %d", key, len(got), len(want))
		}
	}
	if got := jsonline.At(e, "process", "parents").([]any); len(got) != 4 || len(jsonline.At(got[3], "command_line").([]any)) != 8 {
		t.Errorf("parents: %v", got)
	}
	joined := strings.Join(f.Process.CommandLine, " ")
	if got := jsonline.At(jsonline.Decode(t, parseFormat(t, "ecs", event.Sensor{}).AppendFinding(nil, f)), "process", "command_line"); got != joined {
		t.Errorf("%s, want %s", got, joined)
	}
}

// A command line is shortened at its end, by whole arguments.
func TestCommandLineIsCut(t *testing.T) {
	f, whole := findings.Violation(), strings.Repeat("\x01", 256) // 1,536 bytes and more, as written
	f.Process.CommandLine = []string{"first", whole, whole, whole, whole, whole, whole, whole, whole, "last"}
	f.Flagged = false
	want := append([]string{"first"}, slices.Repeat([]string{whole}, 7)...)
	var native struct {
		Process struct {
			CommandLine []string `json:"command_line"`
		}
	}
	if err := json.Unmarshal(event.NewNative(sensor).AppendFinding(nil, f), &native); err != nil || !slices.Equal(native.Process.CommandLine, want) {
		t.Errorf("%d arguments, want %d (%v)", len(native.Process.CommandLine), len(want), err)
	}
	if got := jsonline.At(jsonline.Decode(t, parseFormat(t, "ocsf", event.Sensor{}).AppendFinding(nil, f)), "actor", "process", "cmd_line"); got != strings.Join(want, " ") {
		t.Errorf("%q", got)
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
	f := findings.Violation()
	e := jsonline.Decode(t, parseFormat(t, "ocsf", event.Sensor{}).AppendFinding(nil, f))
	var wanted any
	if err := json.Unmarshal([]byte(want), &wanted); err != nil {
		t.Fatal(err)
	}
	got := []any{jsonline.At(e["evidences"].([]any)[0], "actor")}
	f.Flagged = false
	got = append(got, jsonline.At(jsonline.Decode(t, parseFormat(t, "ocsf", event.Sensor{}).AppendFinding(nil, f)), "actor"))
	for i, actor := range got {
		if jsonline.Literal(actor) != jsonline.Literal(wanted) {
			t.Errorf("%d: %s, want %s", i, jsonline.Literal(actor), jsonline.Literal(wanted))
		}
	}
	f.Process, f.Software.Confidence = nil, classify.Medium
	if actor := jsonline.Decode(t, parseFormat(t, "ocsf", event.Sensor{}).AppendFinding(nil, f))["actor"]; actor != nil {
		t.Errorf("a guess is an actor: %v", actor)
	}
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
			finding := findings.Hostile(string(wire), text, number)
			finding.Flagged = flagged
			for _, tt := range foreign {
				format := parseFormat(t, tt.name, event.Sensor{Host: text, Version: text, Live: number%2 == 0})
				line := format.AppendFinding(nil, finding)
				jsonline.CheckPrintable(t, line)
				if _, err := os.Stat(published); err != nil {
					jsonline.Decode(t, line)
				} else {
					validateWith(t, tt.definition(t), line)
				}
			}
		}
	})
}

// Every format has the anomalies.
func TestAnomaliesInEveryFormat(t *testing.T) {
	f := findings.Violation()
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
		if got := parseFormat(t, tt.name, sensor).AppendFinding([]byte("before "), findings.Violation()); !bytes.HasPrefix(got, []byte(`before {"`)) {
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
	process, hello := findings.Violation(), findings.Violation()
	process.Process.CommandLine = []string{"node", "app.js", "--region", "us-west-2"}
	hello.Process, hello.Flagged = nil, false
	hello.Software = &classify.Software{
		ID: "openssl-1.0.1", Name: "OpenSSL", Version: "1.0.1", Library: "OpenSSL 1.0.1", Confidence: classify.Medium, Because: []string{"ja3"},
	}
	hello.Advice = &classify.Advice{ID: "openssl", Summary: "Update OpenSSL."}
	return []*classify.Finding{process, hello}
}

func TestFormatsGolden(t *testing.T) {
	all := golden.Events(t, root)
	for _, tt := range foreign {
		var got []byte
		for _, f := range named() {
			got = append(parseFormat(t, tt.name, event.Sensor{Host: "bastion-1", Version: "1.0.0", Live: true}).AppendFinding(got, f), '\n')
		}
		for _, name := range goldenNames {
			if len(all[name]) == 0 {
				t.Fatalf("no findings in %s", name)
			}
			for _, f := range findingsOf(t, all[name]) {
				flow := *f
				flow.Sensor, flow.Software, flow.Advice = nil, nil, nil // another package's table: it grows
				got = append(parseFormat(t, tt.name, event.Sensor{Host: "bastion-1", Version: "1.0.0"}).AppendFinding(got, &flow), '\n')
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
	log := zeekLog{columns: []string{"_path"}} // of streams of several logs
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
	"id.orig_p": `^[0-9]{1,5}$`, "id.resp_p": `^[0-9]{1,5}$`, "tlsfloor.flagged": `^(true|false)$`, "tlsfloor.in_scope": `^(true|false)$`,
	"tlsfloor.anomalies": texts, "cert_chain_fps": texts, "tlsfloor.certificate_dns_names": texts, "sni_matches_cert": `^(true|false)$`,
	"tlsfloor.certificate_not_before": `^-?[0-9]+\.[0-9]{6}$`, "tlsfloor.certificate_not_after": `^-?[0-9]+\.[0-9]{6}$`,
	"tlsfloor.count": `^[0-9]+$`, "tlsfloor.first_seen": `^-?[0-9]+\.[0-9]{6}$`, "tlsfloor.last_seen": `^-?[0-9]+\.[0-9]{6}$`,
}

// texts is a vector of strings.
const texts = `^\[".*"\]$`

func (z zeekLog) complaints(event map[string]any) []string {
	var all []string
	for name, value := range event {
		if !slices.Contains(z.columns, name) && name != "community_id" && !strings.HasPrefix(name, "tlsfloor.") {
			all = append(all, name+": no such column")
		}
		if pattern, ok := zeekTypes[name]; !ok && !isText(value) {
			all = append(all, name+": no text")
		} else if ok && !regexp.MustCompile(pattern).MatchString(jsonline.Literal(value)) {
			all = append(all, name+": "+jsonline.Literal(value))
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
	plain := findings.Violation()
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
