package event

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"tlsfloor/classify"
	"tlsfloor/parse"
	"tlsfloor/parse/quic"
)

// goldenEvents is the folder with the native events of each recorded capture, which the
// tests of cmd/tlsfloor compare with the captures.
const goldenEvents = "../../testdata/golden"

// recordedLines are the golden native events, by the name of their capture.
var recordedLines = sync.OnceValues(func() (map[string][][]byte, error) {
	paths, err := filepath.Glob(filepath.Join(goldenEvents, "*.jsonl"))
	if err != nil {
		return nil, err
	}
	all := make(map[string][][]byte)
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		name := strings.TrimSuffix(filepath.Base(path), ".jsonl")
		for line := range bytes.Lines(text) {
			all[name] = append(all[name], bytes.TrimSuffix(line, []byte("\n")))
		}
	}
	return all, nil
})

// eachRecorded calls do for every finding of every recorded capture, as it was
// read back from the golden native event.
func eachRecorded(t *testing.T, do func(t *testing.T, f *classify.Finding)) {
	t.Helper()
	all, err := recordedLines()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 100 {
		t.Fatalf("only %d captures", len(all))
	}
	for name, lines := range all {
		t.Run(name, func(t *testing.T) {
			for _, f := range findingsOf(t, lines) {
				do(t, f)
			}
		})
	}
}

// findingsOf reads the handshakes among native events.
func findingsOf(t testing.TB, lines [][]byte) (all []*classify.Finding) {
	t.Helper()
	for _, line := range lines {
		if e := mustParse(t, line); e.Kind == KindHandshake {
			all = append(all, findingOf(t, e))
		}
	}
	return all
}

func mustParse(t testing.TB, line []byte) *Event {
	t.Helper()
	e, err := Parse(line)
	if err != nil {
		t.Fatalf("%v: %s", err, line)
	}
	return e
}

// Every native event of the recorded captures is parsed, and encoded again to the same
// bytes.
func TestRecordedEventsComeBack(t *testing.T) {
	all, err := recordedLines()
	if err != nil {
		t.Fatal(err)
	}
	handshakes, stats := 0, 0
	for name, lines := range all {
		for _, line := range lines {
			checkMembers(t, line)
			e := mustParse(t, line)
			by := Sensor{Host: e.Sensor.Host, Version: e.Sensor.Version}
			var got []byte
			if e.Kind == KindStats {
				got, stats = NewNative(by).AppendStats(nil, statsOf(t, e)), stats+1
			} else {
				got, handshakes = appendNative(nil, findingOf(t, e), by), handshakes+1
			}
			if !bytes.Equal(got, line) {
				t.Errorf("%s: got\n%s\nwant\n%s", name, got, line)
			}
		}
	}
	if handshakes < 150 || stats < 5 {
		t.Errorf("only %d handshakes and %d counts", handshakes, stats)
	}
}

// checkMembers fails for a member of an event that Event lacks.
func checkMembers(t testing.TB, line []byte) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(new(Event)); err != nil {
		t.Errorf("%v: %s", err, line)
	}
}

// The same with findings that have all fields, and with hostile ones.
func TestEventsComeBack(t *testing.T) {
	hostile := hostile("\x00\xff\"\\", "caf\u00e9\n\U0001f600", 0x0a0a)
	certified := violation()
	certified.Certificate = &classify.Certificate{
		Subject: "CN=a", Issuer: "CN=b", DNSNames: []string{"a.example", "\xff"}, NotBefore: 1, NotAfter: 1 << 31, SHA256: strings.Repeat("0a", 32),
	}
	seen := violation()
	seen.Return = &classify.Place{VLANs: []uint16{7}, Tunnels: []string{"gre"}}
	seen.Copies = []classify.Place{{Source: "eth1"}, {Source: "eth2", VLANs: []uint16{1, 2}}}
	for _, f := range append(variants(), hostile, certified, seen) {
		if f.Hello == nil {
			f.SNI = "" // without a hello there is none
		}
		line := appendNative(nil, f, sensor)
		checkMembers(t, line)
		if got := appendNative(nil, findingOf(t, mustParse(t, line)), sensor); !bytes.Equal(got, line) {
			t.Errorf("%s", difference(got, line))
		}
	}
}

// difference returns where two lines begin to differ.
func difference(got, want []byte) string {
	i := 0
	for i < min(len(got), len(want)) && got[i] == want[i] {
		i++
	}
	from := max(i-40, 0)
	return fmt.Sprintf("at byte %d: got %.200s, want %.200s", i, got[from:], want[from:])
}

func TestParseRefuses(t *testing.T) {
	for _, line := range []string{"", "no JSON", "{}", "[1]", `"tlsfloor/1"`, "null", `{"schema":"tlsfloor/2"}`, `{"schema":"tlsfloor/1"`} {
		if e, err := Parse([]byte(line)); err == nil {
			t.Errorf("%q is read as %+v", line, e)
		}
	}
}

// Members that another version has added, or a relay has changed, do not hide the others.
func TestParsePassesOver(t *testing.T) {
	e := mustParse(t, []byte(`{"schema":"tlsfloor/1","kind":"handshake","flagged":true,"src_port":"443","in_scope":"yes","newer":{"a":[1]},`+
		`"server":{"version":5},"host":"a.example"}`))
	if e.Flagged != 1 || e.Host != "a.example" || e.SourcePort != 0 {
		t.Errorf("%+v", e)
	}
	if e := mustParse(t, []byte(`{"schema":"tlsfloor/1","kind":"stats","flagged":7,"in_scope":9}`)); e.Flagged != 7 || e.InScope != 9 {
		t.Errorf("%+v", e)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(appendNative(nil, violation(), sensor))
	f.Add([]byte(`{"schema":"tlsfloor/1","kind":"stats","flagged":1e400,"blind":[{"top":[{"number":-1}]}]}`))
	f.Add([]byte(`{"schema":"tlsfloor/1","client":null,"flagged":[true],"vlan":[70000]}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		if e, err := Parse(line); (err == nil) != (e != nil) || e != nil && e.Schema != "tlsfloor/1" {
			t.Errorf("%+v, %v", e, err)
		}
	})
}

// quicVersion is the version of QUIC with a name.
func quicVersion(t testing.TB, name string) quic.Version {
	t.Helper()
	for _, v := range []quic.Version{quic.V1, quic.V2} {
		if v.String() == name {
			return v
		}
	}
	t.Fatalf("%q", name)
	return 0
}

// findingOf makes the finding of e, without the parts that are not in native events:
// nanoseconds, and the letter case of the only candidate for the destination's name.
func findingOf(t testing.TB, e *Event) *classify.Finding {
	t.Helper()
	f := &classify.Finding{
		Flagged: e.Flagged == 1, InScope: e.InScope == 1, Reason: e.Reason, Host: latin1(e.Host),
		Verdict:    valueOf(t, e.Verdict, classify.Violation),
		Fix:        valueOf(t, e.Fix, classify.FixUnknown),
		HostSource: valueOf(t, e.HostSource, classify.NameAddress),
	}
	f.Time = timeOf(t, e.Time).UnixNano()
	f.Outcome = valueOf(t, e.Outcome, classify.Truncated)
	f.Client, f.Server = endpointOf(t, e.SourceIP, e.SourcePort), endpointOf(t, e.TargetIP, e.TargetPort)
	f.VLANs, f.Tunnels, f.Source, f.StartTLS, f.Anomalies = e.VLANs, e.Tunnels, e.Sensor.Source, e.StartTLS, e.Anomalies
	f.Protocol = valueOf(t, e.Protocol, parse.QUIC)
	if q := e.QUIC; q != nil {
		f.QUIC = classify.QUIC{Version: quicVersion(t, q.Version), Retry: q.Retry, Negotiated: q.Negotiation}
	}
	f.HelloVerify = e.DTLS != nil && e.DTLS.HelloVerify
	if p := e.Proxied; p != nil {
		f.Proxied.Client, f.Proxied.Server = endpointOf(t, p.SourceIP, p.SourcePort), endpointOf(t, p.TargetIP, p.TargetPort)
	}
	if p := e.ReturnPath; p != nil {
		f.Return = &classify.Place{Source: p.Source, VLANs: p.VLANs, Tunnels: p.Tunnels}
	}
	for _, p := range e.AlsoSeen {
		f.Copies = append(f.Copies, classify.Place{Source: p.Source, VLANs: p.VLANs, Tunnels: p.Tunnels})
	}
	f.Names = namesOf(t, e)
	if a := e.AWS; a != nil {
		f.AWS = &classify.AWS{
			Partition: latin1(a.Partition), Region: latin1(a.Region), Service: latin1(a.Service), FIPS: a.FIPS, DualStack: a.DualStack,
			VPCEndpoint: a.VPCEndpoint, Resource: latin1(a.Resource),
		}
	}
	if x := e.Exception; x != nil {
		f.Exception = &classify.Exception{Owner: x.Owner, Reason: x.Reason, Until: x.Until}
	}
	if e.Count > 0 {
		f.Series = &classify.Series{Count: e.Count, First: timeOf(t, e.FirstSeen).UnixNano(), Last: timeOf(t, e.LastSeen).UnixNano()}
	}
	addHellos(t, f, e)
	addClient(t, f, e)
	return f
}

// addHellos adds the hellos of both sides.
func addHellos(t testing.TB, f *classify.Finding, e *Event) {
	if c := e.Client; c != nil {
		f.SNI = latin1(c.SNI)
		f.Hello = &classify.ClientHello{
			RecordVersion: versionOf(t, c.RecordVersion), LegacyVersion: versionOf(t, c.LegacyVersion), ALPN: latin1s(c.ALPN),
			FallbackSCSV: c.FallbackSCSV, SSLv2Format: c.SSLv2Format, ECH: c.ECH, EarlyData: c.EarlyData, Cut: c.MaxVersion == "",
			JA3: c.JA3, JA3Full: c.JA3Full, JA4: latin1(c.JA4),
		}
		if c.Versions != nil {
			f.Hello.Versions = []parse.Version{}
		}
		for _, v := range c.Versions {
			f.Hello.Versions = append(f.Hello.Versions, versionOf(t, v))
		}
	}
	if s := e.Server; s != nil {
		f.Answer = &classify.ServerHello{
			Version: versionOf(t, s.Version), ALPN: latin1(s.ALPN), JA3S: s.JA3S, JA3SFull: s.JA3SFull, Sentinel: versionOf(t, s.Sentinel),
			HelloRetryRequest: s.HelloRetryRequest, Resumed: s.Resumed,
		}
		if s.CipherID != nil {
			f.Answer.Cipher = *s.CipherID
		}
	}
	if a := e.Alert; a != nil {
		f.Alert = &classify.Alert{Code: a.Code}
		if a.From == "server" {
			f.Alert.From = classify.ServerSide
		}
		for level := range 256 {
			if parse.AlertLevel(level).String() == a.Level {
				f.Alert.Level = uint8(level)
			}
		}
	}
	if c := e.Certificate; c != nil {
		f.Certificate = &classify.Certificate{Subject: latin1(c.Subject), Issuer: latin1(c.Issuer), DNSNames: latin1s(c.DNSNames), SHA256: c.SHA256}
		f.Certificate.NotBefore, f.Certificate.NotAfter = timeOf(t, c.NotBefore).Unix(), timeOf(t, c.NotAfter).Unix()
	}
}

// addClient adds the client's process and software, and the advice.
func addClient(t testing.TB, f *classify.Finding, e *Event) {
	if p := e.Process; p != nil {
		f.Process = &classify.Process{
			PID: p.PID, Executable: p.Executable, CommandLine: p.CommandLine, User: p.User, Unit: p.Unit, Container: p.Container,
			Cgroup: p.Cgroup, Variables: p.Variables, Libraries: p.Libraries, GoVersion: p.GoVersion, GoModules: p.GoModules,
			LoginUser: p.LoginUser, Folder: p.Folder, Script: p.Script,
		}
		if p.Started != "" {
			f.Process.Started = timeOf(t, p.Started).UnixNano()
		}
		for _, parent := range p.Parents {
			f.Process.Parents = append(f.Process.Parents, classify.Parent(parent))
		}
	}
	if s := e.Software; s != nil {
		f.Software = &classify.Software{
			ID: s.ID, Name: s.Name, Version: s.Version, Library: s.Library, Because: s.Because, Confidence: valueOf(t, s.Confidence, classify.High),
		}
	}
	if a := e.Advice; a != nil {
		f.Advice = &classify.Advice{ID: a.ID, Summary: a.Summary}
	}
}

// namesOf are the candidates for the name. An event lists them only where there
// are several.
func namesOf(t testing.TB, e *Event) (all []classify.Name) {
	for _, n := range e.Names {
		all = append(all, classify.Name{Host: latin1(n.Host), Source: valueOf(t, n.Source, classify.NameAddress)})
	}
	switch {
	case len(all) > 0:
	case e.Client != nil && e.Client.SNI != "":
		all = []classify.Name{{Host: latin1(e.Client.SNI), Source: classify.NameSNI}}
	case e.TLSDetails != nil && e.TLSDetails.Host != "":
		all = []classify.Name{{Host: latin1(e.TLSDetails.Host), Source: classify.NameConnect}}
	case e.Host != "":
		all = []classify.Name{{Host: latin1(e.Host), Source: valueOf(t, e.HostSource, classify.NameAddress)}}
	}
	return all
}

func statsOf(t testing.TB, e *Event) *Stats {
	t.Helper()
	return &Stats{
		Time: timeOf(t, e.Time).UnixNano(), Source: e.Sensor.Source, Packets: e.Packets, Bytes: e.Bytes,
		KernelDropped: e.KernelDropped, InterfaceDropped: e.InterfaceDropped, Flows: e.Flows, Hellos: e.Hellos,
		Handshakes: e.Handshakes, InScope: uint64(e.InScope), Flagged: uint64(e.Flagged), Excepted: e.Excepted, Held: e.Held, Own: e.Own, Blind: e.Blind, Final: e.Final,
	}
}

// valueOf is the value up to last that has a text.
func valueOf[V interface {
	~uint8
	String() string
}](t testing.TB, text string, last V) V {
	t.Helper()
	if text == "" {
		return 0
	}
	for v := range last + 1 {
		if v.String() == text {
			return v
		}
	}
	t.Fatalf("no value is called %q", text)
	return 0
}

var versionsByText = sync.OnceValue(func() map[string]parse.Version {
	all := make(map[string]parse.Version)
	for n := 0xffff; n >= 0; n-- { // of two drafts of one number, IETF's is lower
		all[parse.Version(n).String()] = parse.Version(n)
	}
	return all
})

func versionOf(t testing.TB, text string) parse.Version {
	t.Helper()
	v, ok := versionsByText()[text]
	if !ok && text != "" {
		t.Fatalf("no version is called %q", text)
	}
	return v
}

func timeOf(t testing.TB, text string) time.Time {
	t.Helper()
	if text == "" {
		return time.Unix(0, 0)
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func endpointOf(t testing.TB, ip string, port uint16) netip.AddrPort {
	t.Helper()
	if ip == "" {
		return netip.AddrPort{}
	}
	a, err := netip.ParseAddr(ip)
	if err != nil {
		t.Fatal(err)
	}
	return netip.AddrPortFrom(a, port)
}

func latin1s(texts []string) (all []string) {
	for _, text := range texts {
		all = append(all, latin1(text))
	}
	return all
}
