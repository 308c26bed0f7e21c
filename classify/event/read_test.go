package event

import (
	"bytes"
	"math/rand"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"tlsfloor/classify"
	"tlsfloor/classify/testing/findings"
	"tlsfloor/classify/testing/golden"
	"tlsfloor/classify/testing/jsonline"
)

// An event that was read back is written again as it was.
func TestEventsComeBack(t *testing.T) {
	seeds := int64(400)
	if testing.Short() {
		seeds = 100
	}
	all := append(findings.Variants(), findings.Hostile("\x00\xff\"\\", "caf\u00e9\n\U0001f600", 0x0a0a))
	for seed := range seeds {
		f := findings.Some(rand.New(rand.NewSource(seed)))
		validate(t, appendNative(nil, f, sensor))
		all = append(all, f)
	}
	for _, f := range all {
		if f.Hello == nil {
			f.SNI = "" // without a hello there is none
		}
		line := appendNative(nil, f, Sensor{Host: "bastion-\xff", Version: "1.0.0", Live: true})
		back, _ := mustRead(t, line)
		if got := appendNative(nil, back, sensor); !bytes.Equal(got, line) {
			t.Errorf("%s\n%s", jsonline.Difference(got, line), line)
		}
	}
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

// Whatever a line says, it is read in a bounded way, and what was read comes back.
func FuzzRead(f *testing.F) {
	f.Add(appendNative(nil, findings.Violation(), sensor))
	f.Add([]byte(`{"schema":"tlsfloor/1","kind":"stats","flagged":1e400,"blind":[{"top":[{"number":-1}]}]}`))
	f.Add([]byte(`{"schema":"tlsfloor/1","kind":"handshake","client":null,"flagged":[true],"vlan":[70000],"ts":"0000-01-01T00:00:00Z","src_ip":"::1%a"}`))
	f.Add([]byte(`{"schema":"tlsfloor/1","kind":"handshake","client":{"versions":[1],"alpn":[""]},"server":{},"alert":{},"certificate":{},"process":{},"software":{},"advice":{},"aws":{}}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		found, stats, err := Read(line)
		native := NewNative(Sensor{})
		switch {
		case found != nil:
			out := native.AppendFinding(nil, found)
			jsonline.CheckPrintable(t, out)
			again, _ := mustRead(t, out)
			if back := native.AppendFinding(nil, again); err != nil || !bytes.Equal(back, out) {
				t.Errorf("%v: %s", err, jsonline.Difference(back, out))
			}
		case stats != nil:
			out := native.AppendStats(nil, stats)
			jsonline.CheckPrintable(t, out)
			if _, again := mustRead(t, out); err != nil || !reflect.DeepEqual(again, stats) {
				t.Errorf("%v: %+v, was %+v", err, again, stats)
			}
		}
	})
}

func BenchmarkRead(b *testing.B) {
	all := golden.Events(b, root)
	for name, line := range map[string][]byte{"usual": all["openssl-tls10-sni.pcap"][0], "everything": appendNative(nil, findings.Violation(), sensor)} {
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
