package policy

import (
	"slices"
	"testing"

	"tlsfloor/classify"
	"tlsfloor/parse"
)

// legacy is a hello without supported_versions.
func legacy(v parse.Version) *classify.ClientHello { return &classify.ClientHello{LegacyVersion: v} }

// cut is a hello without extensions in the capture.
func cut(v parse.Version) *classify.ClientHello {
	return &classify.ClientHello{LegacyVersion: v, Cut: true}
}

func offering(versions ...parse.Version) *classify.ClientHello {
	return &classify.ClientHello{LegacyVersion: parse.TLSv12, Versions: versions}
}

func selecting(v parse.Version) *classify.ServerHello { return &classify.ServerHello{Version: v} }

func held(v, sentinel parse.Version) *classify.ServerHello {
	return &classify.ServerHello{Version: v, Sentinel: sentinel}
}

func alert(from classify.Side, code uint8) *classify.Alert {
	return &classify.Alert{From: from, Level: 2, Code: code}
}

func newPolicy(t testing.TB, o Options) *Policy {
	t.Helper()
	p, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

const (
	ssl2, ssl3, tls10, tls11 = parse.SSLv2, parse.SSLv3, parse.TLSv1, parse.TLSv11
	tls12, tls13, draft23    = parse.TLSv12, parse.TLSv13, parse.Version(0x7f17)
)

var judgements = []struct {
	name    string
	floor   parse.Version
	hello   *classify.ClientHello
	answer  *classify.ServerHello
	alert   *classify.Alert
	outcome classify.Outcome

	verdict   classify.Verdict
	fix       classify.Fix
	anomalies []string
	reason    string
}{
	{
		name: "an old client is served", hello: legacy(tls10), answer: selecting(tls10), outcome: classify.Established,
		verdict: classify.Violation, fix: classify.FixClient,
		reason: "selected TLSv1, below the floor TLSv1.2; the client offers at most TLSv1",
	},
	{
		name: "an old server chooses below the offer", hello: legacy(tls12), answer: selecting(tls10), outcome: classify.Established,
		verdict: classify.Violation, fix: classify.FixServer,
		reason: "selected TLSv1, below the floor TLSv1.2; the client offers up to TLSv1.2",
	},
	{
		name: "a server selects below and its client refuses", hello: offering(tls13, tls12), answer: selecting(tls10),
		alert: alert(classify.ClientSide, 70), outcome: classify.Refused,
		verdict: classify.Violation, fix: classify.FixServer, anomalies: []string{SelectedNotOffered},
		reason: "selected TLSv1, below the floor TLSv1.2; the client offers up to TLSv1.3; refused by the client with protocol_version",
	},
	{
		name: "an old client is served, then reset", hello: legacy(tls11), answer: selecting(tls11), outcome: classify.Reset,
		verdict: classify.Violation, fix: classify.FixClient,
		reason: "selected TLSv1.1, below the floor TLSv1.2; the client offers at most TLSv1.1; then reset",
	},
	{
		name: "an old client is served, then closed", hello: legacy(tls11), answer: selecting(tls11), outcome: classify.Closed,
		verdict: classify.Violation, fix: classify.FixClient,
		reason: "selected TLSv1.1, below the floor TLSv1.2; the client offers at most TLSv1.1; then closed",
	},
	{
		name: "a sentinel beside an old hello is as it should be", hello: legacy(tls10), answer: held(tls10, tls11),
		verdict: classify.Violation, fix: classify.FixClient,
		reason: "selected TLSv1, below the floor TLSv1.2; the client offers at most TLSv1",
	},
	{
		name: "a sentinel beside a hello that offers the floor", hello: legacy(tls12), answer: held(tls11, tls11),
		verdict: classify.Violation, fix: classify.FixUnknown, anomalies: []string{Downgrade},
		reason: "selected TLSv1.1, below the floor TLSv1.2; the client offers up to TLSv1.2, but the server says that it was asked for less",
	},
	{
		name: "a downgrade that stays at the floor", hello: offering(tls13, tls12), answer: held(tls12, tls12),
		verdict: classify.OK, anomalies: []string{Downgrade},
		reason: "selected TLSv1.2; the client offers up to TLSv1.3, but the server says that it was asked for less",
	},
	{
		name: "the sentinel of a TLSv1.3 server to a TLSv1.2 client", hello: legacy(tls12), answer: held(tls12, tls12),
		verdict: classify.OK,
		reason:  "selected TLSv1.2; the client offers up to TLSv1.2 and does not say its lowest version",
	},
	{
		name: "the sentinel for a client of drafts only", hello: offering(draft23, tls12), answer: held(tls12, tls12),
		verdict: classify.OK, reason: "selected TLSv1.2; the client offers nothing below TLSv1.2",
	},
	{
		name: "no ClientHello, below the floor", answer: selecting(ssl3), outcome: classify.Established,
		verdict: classify.Violation, fix: classify.FixUnknown,
		reason: "selected SSLv3, below the floor TLSv1.2; no ClientHello seen",
	},
	{
		name: "no ClientHello, and the server was held back", answer: held(tls10, tls11), outcome: classify.Established,
		verdict: classify.Violation, fix: classify.FixClient,
		reason: "selected TLSv1, below the floor TLSv1.2; no ClientHello seen, but the server says that the client asked for no more",
	},
	{
		name: "no ClientHello, at the floor", answer: selecting(tls12), verdict: classify.OK,
		reason: "selected TLSv1.2; no ClientHello seen",
	},
	{
		name: "neither hello", alert: alert(classify.ServerSide, 40), outcome: classify.Refused, verdict: classify.Undetermined,
		reason: "neither hello was seen",
	},
	{
		name: "a pure SSLv2 handshake", hello: &classify.ClientHello{LegacyVersion: ssl2, SSLv2Format: true}, answer: selecting(ssl2),
		verdict: classify.Violation, fix: classify.FixClient,
		reason: "selected SSLv2, below the floor TLSv1.2; the client offers at most SSLv2 in an SSLv2 hello",
	},
	{
		name: "an SSLv2 hello that goes up to the floor", hello: &classify.ClientHello{LegacyVersion: tls12, SSLv2Format: true},
		answer: selecting(tls12), verdict: classify.OK,
		reason: "selected TLSv1.2; the client offers up to TLSv1.2 in an SSLv2 hello and does not say its lowest version",
	},
	{
		name: "a server refuses an old client", hello: legacy(tls10), alert: alert(classify.ServerSide, 70), outcome: classify.Refused,
		verdict: classify.Attempt, fix: classify.FixClient,
		reason: "offers at most TLSv1, below the floor TLSv1.2; refused by the server with protocol_version",
	},
	{
		name: "refused by an alert nobody can read", hello: legacy(tls10), outcome: classify.Refused,
		verdict: classify.Attempt, fix: classify.FixClient,
		reason: "offers at most TLSv1, below the floor TLSv1.2; refused",
	},
	{
		name: "a fallback is refused", hello: &classify.ClientHello{LegacyVersion: tls11, FallbackSCSV: true},
		alert: alert(classify.ServerSide, 86), outcome: classify.Refused, verdict: classify.Attempt, fix: classify.FixClient,
		reason: "fell back to TLSv1.1, below the floor TLSv1.2; refused by the server with inappropriate_fallback",
	},
	{
		name: "an old client is reset", hello: legacy(ssl3), outcome: classify.Reset, verdict: classify.Attempt, fix: classify.FixClient,
		reason: "offers at most SSLv3, below the floor TLSv1.2; the connection was reset",
	},
	{
		name: "an old client is hung up on", hello: legacy(ssl3), outcome: classify.Closed, verdict: classify.Attempt, fix: classify.FixClient,
		reason: "offers at most SSLv3, below the floor TLSv1.2; closed without an answer",
	},
	{
		name: "an old client is not answered", hello: offering(tls11, tls10), outcome: classify.Unanswered, verdict: classify.Attempt, fix: classify.FixClient,
		reason: "offers at most TLSv1.1, below the floor TLSv1.2; not answered",
	},
	{
		name: "an old client at the end of the capture", hello: legacy(tls10), outcome: classify.Truncated, verdict: classify.Attempt, fix: classify.FixClient,
		reason: "offers at most TLSv1, below the floor TLSv1.2; the capture ends before the answer",
	},
	{
		name: "the client's direction only", hello: legacy(tls10), outcome: classify.Established, verdict: classify.Attempt, fix: classify.FixClient,
		reason: "offers at most TLSv1, below the floor TLSv1.2; established, but the answer was not captured",
	},
	{
		name: "nothing known of the end", hello: legacy(tls10), verdict: classify.Attempt, fix: classify.FixClient,
		reason: "offers at most TLSv1, below the floor TLSv1.2; no answer seen",
	},
	{
		name: "a warning before the end is not a refusal", hello: legacy(tls10), alert: alert(classify.ServerSide, 112), outcome: classify.Reset,
		verdict: classify.Attempt, fix: classify.FixClient,
		reason: "offers at most TLSv1, below the floor TLSv1.2; the connection was reset",
	},
	{
		name: "selected well, old versions still offered", hello: offering(tls13, tls12, tls11, tls10), answer: selecting(tls13),
		verdict: classify.Exposed,
		reason:  "selected TLSv1.3; the client still offers versions down to TLSv1, below the floor TLSv1.2",
	},
	{
		name: "a modern client", hello: offering(tls13, tls12), answer: selecting(tls13), verdict: classify.OK,
		reason: "selected TLSv1.3; the client offers nothing below TLSv1.2",
	},
	{
		name: "a legacy hello at the floor", hello: legacy(tls12), answer: selecting(tls12), verdict: classify.OK,
		reason: "selected TLSv1.2; the client offers up to TLSv1.2 and does not say its lowest version",
	},
	{
		name: "supported_versions of nothing but GREASE", hello: &classify.ClientHello{LegacyVersion: tls12, Versions: []parse.Version{}},
		answer: selecting(tls12), verdict: classify.OK,
		reason: "selected TLSv1.2; the client offers up to TLSv1.2 and does not say its lowest version",
	},
	{
		name: "a draft of TLS 1.3", hello: offering(draft23), answer: selecting(draft23), verdict: classify.OK,
		reason: "selected TLSv1.3-draft23; the client offers nothing below TLSv1.3-draft23",
	},
	{
		name: "more than was offered", hello: legacy(tls11), answer: selecting(tls12), verdict: classify.OK,
		anomalies: []string{SelectedNotOffered},
		reason:    "selected TLSv1.2; the client offers at most TLSv1.1 and does not say its lowest version",
	},
	{
		name: "another draft than was offered", hello: offering(draft23), answer: selecting(0x7f12), verdict: classify.OK,
		anomalies: []string{SelectedNotOffered},
		reason:    "selected TLSv1.3-draft18; the client offers nothing below TLSv1.3-draft23",
	},
	{
		name: "a number below all versions", hello: legacy(0x0200), answer: selecting(0x0200), verdict: classify.Violation, fix: classify.FixClient,
		reason: "selected 0x0200, below the floor TLSv1.2; the client offers at most 0x0200",
	},
	{
		name: "a number above all versions", hello: legacy(0x0305), answer: selecting(0x0305), verdict: classify.OK,
		reason: "selected 0x0305; the client offers up to 0x0305 and does not say its lowest version",
	},
	{
		name: "a HelloRetryRequest selects", hello: offering(tls13, tls12),
		answer: &classify.ServerHello{Version: tls13, HelloRetryRequest: true}, outcome: classify.Truncated, verdict: classify.OK,
		reason: "selected TLSv1.3; the client offers nothing below TLSv1.2",
	},
	{
		name: "a modern client is refused", hello: offering(tls13, tls12), alert: alert(classify.ServerSide, 40), outcome: classify.Refused,
		verdict: classify.Undetermined,
		reason:  "offers up to TLSv1.3; refused by the server with handshake_failure",
	},
	{
		name: "old versions beside the floor, not answered", hello: offering(tls12, tls10), outcome: classify.Unanswered,
		verdict: classify.Undetermined, reason: "offers up to TLSv1.2; not answered",
	},

	{
		name: "a cut hello whose legacy_version proves itself", hello: cut(tls10), outcome: classify.Truncated,
		verdict: classify.Attempt, fix: classify.FixClient,
		reason: "offers at most TLSv1, below the floor TLSv1.2; the capture ends before the answer",
	},
	{
		name: "a cut hello that may offer more than it shows", hello: cut(tls12), outcome: classify.Unanswered,
		verdict: classify.Undetermined,
		reason:  "the capture has only the beginning of the ClientHello, without the versions it offers; not answered",
	},
	{
		name: "a cut hello, and an answer below", hello: cut(tls12), answer: selecting(tls10), outcome: classify.Established,
		verdict: classify.Violation, fix: classify.FixServer,
		reason: "selected TLSv1, below the floor TLSv1.2; the capture has only the beginning of the ClientHello, without the versions it offers",
	},
	{
		name: "a cut hello, and an answer above its legacy_version", hello: cut(tls12), answer: selecting(tls13), outcome: classify.Established,
		verdict: classify.OK,
		reason:  "selected TLSv1.3; the capture has only the beginning of the ClientHello, without the versions it offers",
	},
	{
		name: "a cut hello with its versions", hello: &classify.ClientHello{LegacyVersion: tls12, Versions: []parse.Version{tls11, tls10}, Cut: true},
		outcome: classify.Truncated, verdict: classify.Attempt, fix: classify.FixClient,
		reason: "offers at most TLSv1.1, below the floor TLSv1.2; the capture ends before the answer",
	},
	{
		name: "floor TLSv1.3: a cut hello may offer it", floor: tls13, hello: cut(tls12), outcome: classify.Truncated,
		verdict: classify.Undetermined,
		reason:  "the capture has only the beginning of the ClientHello, without the versions it offers; the capture ends before the answer",
	},
	{
		name: "floor TLSv1.3: a cut hello, and an answer below", floor: tls13, hello: cut(tls12), answer: selecting(tls12),
		verdict: classify.Violation, fix: classify.FixUnknown,
		reason: "selected TLSv1.2, below the floor TLSv1.3; the capture has only the beginning of the ClientHello, without the versions it offers",
	},

	{
		name: "floor TLSv1.3: TLSv1.2 beside it", floor: tls13, hello: offering(tls13, tls12), answer: selecting(tls13),
		verdict: classify.Exposed,
		reason:  "selected TLSv1.3; the client still offers versions down to TLSv1.2, below the floor TLSv1.3",
	},
	{
		name: "floor TLSv1.3: a server of TLSv1.2", floor: tls13, hello: offering(tls13, tls12), answer: selecting(tls12),
		verdict: classify.Violation, fix: classify.FixServer,
		reason: "selected TLSv1.2, below the floor TLSv1.3; the client offers up to TLSv1.3",
	},
	{
		name: "floor TLSv1.3: a client of TLSv1.2", floor: tls13, hello: legacy(tls12), answer: held(tls12, tls12),
		verdict: classify.Violation, fix: classify.FixClient,
		reason: "selected TLSv1.2, below the floor TLSv1.3; the client offers at most TLSv1.2",
	},
	{
		name: "floor TLSv1.3: a downgrade", floor: tls13, hello: offering(tls13, tls12), answer: held(tls12, tls12),
		verdict: classify.Violation, fix: classify.FixUnknown, anomalies: []string{Downgrade},
		reason: "selected TLSv1.2, below the floor TLSv1.3; the client offers up to TLSv1.3, but the server says that it was asked for less",
	},
	{
		name: "floor TLSv1.3: a client of drafts", floor: tls13, hello: offering(draft23), answer: selecting(draft23), verdict: classify.OK,
		reason: "selected TLSv1.3-draft23; the client offers nothing below TLSv1.3-draft23",
	},
	{
		name: "floor TLSv1.3: TLSv1.2 refused", floor: tls13, hello: offering(tls12), outcome: classify.Unanswered,
		verdict: classify.Attempt, fix: classify.FixClient,
		reason: "offers at most TLSv1.2, below the floor TLSv1.3; not answered",
	},
}

func TestJudge(t *testing.T) {
	for _, tt := range judgements {
		t.Run(tt.name, func(t *testing.T) {
			f := &classify.Finding{Observation: classify.Observation{
				Hello: tt.hello, Answer: tt.answer, Alert: tt.alert, Outcome: tt.outcome,
			}}
			p := newPolicy(t, Options{Floor: tt.floor})
			p.Judge(f)
			p.Explain(f)
			if f.Verdict != tt.verdict || f.Fix != tt.fix {
				t.Errorf("verdict %q, fix %q; want %q, %q", f.Verdict, f.Fix, tt.verdict, tt.fix)
			}
			if f.Reason != tt.reason {
				t.Errorf("reason\n got %s\nwant %s", f.Reason, tt.reason)
			}
			if !slices.Equal(f.Anomalies, tt.anomalies) {
				t.Errorf("anomalies %q, want %q", f.Anomalies, tt.anomalies)
			}
		})
	}
}

func TestFloor(t *testing.T) {
	for floor, good := range map[parse.Version]bool{0: true, tls12: true, tls13: true, tls11: false, draft23: false, 0x0305: false} {
		if _, err := New(Options{Floor: floor}); (err == nil) != good {
			t.Errorf("New with floor %s: %v", floor, err)
		}
	}
}

func TestJudgeTwiceAddsAnomaliesOnce(t *testing.T) {
	f := &classify.Finding{Observation: classify.Observation{
		Hello: offering(tls13), Answer: held(tls10, tls11), Anomalies: []string{"hello_split_records"},
	}}
	p := newPolicy(t, Options{})
	p.Judge(f)
	p.Judge(f)
	if want := []string{"hello_split_records", Downgrade, SelectedNotOffered}; !slices.Equal(f.Anomalies, want) {
		t.Errorf("anomalies %q, want %q", f.Anomalies, want)
	}
}

// A client that makes up version numbers must not fill the cache of reasons, nor change
// the reasons of later flows.
func TestReasonsAreBounded(t *testing.T) {
	p := newPolicy(t, Options{})
	for v := range parse.Version(4 * maxReasons) {
		p.Explain(&classify.Finding{Observation: classify.Observation{Hello: legacy(v)}})
	}
	if p.reasons.Len() > maxReasons {
		t.Errorf("%d reasons are remembered, the bound is %d", p.reasons.Len(), maxReasons)
	}
	f := &classify.Finding{Observation: classify.Observation{Hello: legacy(tls10)}}
	p.Judge(f)
	p.Explain(f)
	if want := "offers at most TLSv1, below the floor TLSv1.2; no answer seen"; f.Reason != want {
		t.Errorf("reason %q, want %q", f.Reason, want)
	}
}

func TestJudgeDoesNotAllocate(t *testing.T) {
	p, f := newPolicy(t, Options{}), benchmarkFinding("dynamodb.us-west-2.amazonaws.com")
	if n := testing.AllocsPerRun(100, func() { p.Judge(f) }); n != 0 {
		t.Errorf("Judge: %v allocations, want 0", n)
	}
	f = benchmarkFinding("www.example.com")
	if n := testing.AllocsPerRun(100, func() { p.Judge(f); p.Explain(f) }); n != 0 {
		t.Errorf("Explain: %v allocations for a flow outside AWS, want 0", n)
	}
}

func benchmarkFinding(sni string) *classify.Finding {
	return &classify.Finding{Observation: classify.Observation{
		Hello: offering(tls13, tls12), Answer: selecting(tls13), Outcome: classify.Established,
		Names: []classify.Name{{Host: sni, Source: classify.NameSNI}},
	}}
}

var benchmarkNames = map[string]string{"aws": "dynamodb.us-west-2.amazonaws.com", "other": "www.example.com"}

func BenchmarkJudge(b *testing.B) {
	for name, sni := range benchmarkNames {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			p, f := newPolicy(b, Options{}), benchmarkFinding(sni)
			for b.Loop() {
				p.Judge(f)
			}
		})
	}
}

func BenchmarkExplain(b *testing.B) {
	for name, sni := range benchmarkNames {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			p, f := newPolicy(b, Options{}), benchmarkFinding(sni)
			p.Judge(f)
			for b.Loop() {
				p.Explain(f)
			}
		})
	}
}
