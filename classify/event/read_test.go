package event

import (
	"bytes"
	"fmt"
	"math/rand"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"tlsfloor/classify"
	"tlsfloor/classify/testing/findings"
)

// jsonFormats are the formats of this package. Those of package lines have the same test.
var jsonFormats = []string{"native", "ecs", "ocsf", "eve", "zeek"}

// In every format, an event that was read back is the event of the finding itself.
func TestEventsComeBack(t *testing.T) {
	hostile := hostile("\x00\xff\"\\", "caf\u00e9\n\U0001f600", 0x0a0a)
	for _, f := range append(variants(), hostile) {
		if f.Hello == nil {
			f.SNI = "" // without a hello there is none
		}
		checkReadBack(t, f)
	}
	seeds := int64(400)
	if testing.Short() {
		seeds = 100
	}
	for seed := range seeds {
		f := findings.Some(rand.New(rand.NewSource(seed)))
		validate(t, appendNative(nil, f, sensor))
		checkReadBack(t, f)
	}
}

func checkReadBack(t *testing.T, f *classify.Finding) {
	t.Helper()
	for _, by := range []Sensor{{}, {Host: "bastion-\xff", Version: "1.0.0", Live: true}} {
		line := appendNative(nil, f, by)
		back, _ := mustRead(t, line)
		for _, name := range jsonFormats {
			want := parseFormat(t, name, by).AppendFinding(nil, f)
			if got := parseFormat(t, name, Sensor{Host: "shipper"}).AppendFinding(nil, back); !bytes.Equal(got, want) {
				t.Fatalf("%s: %s\n%s", name, difference(got, want), line)
			}
		}
	}
}

func TestStatsComeBack(t *testing.T) {
	for seed := range int64(300) {
		r := rand.New(rand.NewSource(seed))
		s, by := new(Stats), Sensor{Host: findings.Text(r), Version: findings.Text(r), Live: r.Intn(2) == 0}
		findings.Fill(r, s)
		s.Sensor = nil
		for i := range s.Blind {
			s.Blind[i].Cause = "cut_hellos"
		}
		line := NewNative(by).AppendStats(nil, s)
		_, back := mustRead(t, line)
		for _, name := range jsonFormats {
			want := parseFormat(t, name, by).AppendStats(nil, s)
			if got := parseFormat(t, name, Sensor{Host: "shipper"}).AppendStats(nil, back); !bytes.Equal(got, want) {
				t.Fatalf("%s: %s\n%s", name, difference(got, want), line)
			}
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

func TestReadRefuses(t *testing.T) {
	for _, line := range []string{
		"", "no JSON", "{}", "[1]", `"tlsfloor/1"`, "null", `{"schema":"tlsfloor/2","kind":"handshake"}`, `{"schema":"tlsfloor/1"`, `{"kind":"handshake"}`,
		`{"schema":"tlsfloor/1","kind":"handshake"}}`, `{"schema":"tlsfloor/1","kind":"handshake"}{}`, `{"Schema":"tlsfloor/1","kind":"handshake"}`,
		`{"schema":"tlsfloor/1","a":` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000) + `}`, `{"schema":"tlsfloor/1","ts":01}`,
	} {
		if f, s, err := Read([]byte(line)); err == nil {
			t.Errorf("%q is read as %+v, %+v", line, f, s)
		}
	}
	if f, s, err := Read([]byte(`{"schema":"tlsfloor/1","kind":"newer"}`)); f != nil || s != nil || err != nil {
		t.Errorf("another kind: %+v, %+v, %v", f, s, err)
	}
}

// Members that another version has added, or a relay has changed, do not hide the others.
func TestReadPassesOver(t *testing.T) {
	f, _ := mustRead(t, []byte(` { "sensor": 7, "host":"a.example","flagged":true,"src_port":"443","in_scope":"yes","newer":{"a":[1]},"src_ip":"10.0.0.5",`+
		`"dst_port":443,"server":{"version":5},"vlan":[1,"2",70000],"ts":"2026-03-01T13:00:00+01:00","fix":"both","verdict":"worse","process":[],`+
		`"kind":"handshake","schema":"tlsfloor/1"}`+"\r\n"))
	want := &classify.Finding{Flagged: true, Host: "a.example", Fix: classify.FixUnknown, Sensor: new(Sensor)}
	want.Client, want.Answer, want.VLANs, want.Time = netip.MustParseAddrPort("10.0.0.5:0"), new(classify.ServerHello), []uint16{1, 0, 0}, 1772366400e9
	if !reflect.DeepEqual(f, want) {
		t.Errorf("%+v", f)
	}
	_, s := mustRead(t, []byte(`{"schema":"tlsfloor/1","kind":"stats","flagged":7,"in_scope":9,"packets":-1,"bytes":1e3,"flows":18446744073709551616}`))
	if want := (&Stats{Flagged: 7, InScope: 9, Sensor: new(Sensor)}); !reflect.DeepEqual(s, want) {
		t.Errorf("%+v", s)
	}
}

// Whatever a line says, it is read in a bounded way, and what was read can be written in
// every format, on a line, and read again.
func FuzzRead(f *testing.F) {
	f.Add(appendNative(nil, violation(), sensor))
	f.Add([]byte(`{"schema":"tlsfloor/1","kind":"stats","flagged":1e400,"blind":[{"top":[{"number":-1}]}]}`))
	f.Add([]byte(`{"schema":"tlsfloor/1","kind":"handshake","client":null,"flagged":[true],"vlan":[70000],"ts":"0000-01-01T00:00:00Z","src_ip":"::1%a"}`))
	f.Add([]byte(`{"schema":"tlsfloor/1","kind":"handshake","client":{"versions":[1],"alpn":[""]},"server":{},"alert":{},"certificate":{},"process":{},"software":{},"advice":{},"aws":{}}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		found, stats, err := Read(line)
		if err != nil {
			return
		}
		for _, name := range jsonFormats {
			format := parseFormat(t, name, Sensor{})
			var out []byte
			if found != nil {
				out = format.AppendFinding(nil, found)
			}
			if stats != nil {
				out = format.AppendStats(nil, stats)
			}
			if checkPrintable(t, out); name != "native" || out == nil {
				continue
			}
			again, counts := mustRead(t, out)
			if !reflect.DeepEqual(counts, stats) {
				t.Errorf("%+v\nwas %+v", counts, stats)
			}
			if found == nil {
				continue
			}
			if back := format.AppendFinding(nil, again); !bytes.Equal(back, out) {
				t.Error(difference(back, out))
			}
		}
	})
}

func BenchmarkRead(b *testing.B) {
	all, err := recordedLines()
	if err != nil {
		b.Fatal(err)
	}
	for name, line := range map[string][]byte{"usual": all["openssl-tls10-sni.pcap"][0], "everything": appendNative(nil, violation(), sensor)} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(line)))
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := Read(line); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
