package report

import (
	"bytes"
	"fmt"
	"math/rand"
	"net/netip"
	"testing"

	"tlsfloor/classify"
	"tlsfloor/parse"
)

// Property: merged summaries of the parts of a run equal one summary of the whole.
func TestMerge(t *testing.T) {
	for seed := range int64(50) {
		r := rand.New(rand.NewSource(seed))
		whole, parts := New(Options{}), []*Summary{New(Options{}), New(Options{}), New(Options{})}
		for i := range 300 {
			f := someFinding(r, int64(i))
			whole.Add(f)
			parts[int(f.Client.Port())%len(parts)].Add(f)
		}
		merged := New(Options{})
		for _, p := range parts {
			merged.Merge(p)
		}
		if got, want := printed(t, merged), printed(t, whole); got != want {
			t.Fatalf("seed %d: got\n%s\nwant\n%s", seed, got, want)
		}
	}
}

// someFinding returns a finding of one of a few clients, to one of a few hosts.
func someFinding(r *rand.Rand, at int64) *classify.Finding {
	f := &classify.Finding{Verdict: classify.Verdict(r.Intn(5)), InScope: r.Intn(3) > 0, Host: fmt.Sprintf("host-%d.example", r.Intn(4))}
	f.Time, f.Reason = at, "because"
	f.Outcome = classify.Outcome(r.Intn(6))
	f.Flagged = f.InScope && f.Verdict >= classify.Attempt
	f.Client = netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(r.Intn(3))}), uint16(r.Intn(60000)))
	if f.Verdict != classify.Attempt {
		f.Answer = &classify.ServerHello{Version: parse.TLSv1 + parse.Version(r.Intn(4))}
	}
	return f
}

func printed(t *testing.T, s *Summary) string {
	t.Helper()
	var b bytes.Buffer
	if err := s.Write(&b, Run{Packets: 1}, false); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Rows are bounded, however many summaries are merged, and all findings are counted.
func TestMergeIsBounded(t *testing.T) {
	merged := New(Options{})
	for part := range 4 {
		s := New(Options{})
		for i := range maxRows {
			f := someFinding(rand.New(rand.NewSource(1)), int64(i))
			f.Host, f.Flagged = fmt.Sprintf("%d-%d.example", part, i), true
			s.Add(f)
		}
		merged.Merge(s)
	}
	if rows, flagged := len(merged.rows.byKey), merged.Flagged(); rows != maxRows || flagged != 4*maxRows || merged.rows.uncounted != 3*maxRows {
		t.Errorf("%d rows, %d flagged, %d beyond", rows, flagged, merged.rows.uncounted)
	}
}
