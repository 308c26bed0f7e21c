package report

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"tlsfloor/classify"
	"tlsfloor/cmd/internal/blind"
	"tlsfloor/parse"
)

var toAWS = Options{Floor: parse.TLSv12, Scope: "to AWS"}

func port(last byte) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, last}), 40000)
}

func seen(v classify.Verdict, selected parse.Version, o classify.Outcome) *classify.Finding {
	f := &classify.Finding{Verdict: v, Observation: classify.Observation{Outcome: o, Client: port(9)}}
	if selected != 0 {
		f.Answer = &classify.ServerHello{Version: selected}
	}
	return f
}

func scoped(f *classify.Finding) *classify.Finding { f.InScope = true; return f }

func flagged(f *classify.Finding, from byte, host, reason string, fix classify.Fix) *classify.Finding {
	f.InScope, f.Flagged, f.Client, f.Host, f.Reason, f.Fix = true, true, port(from), host, reason, fix
	f.Time = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).UnixNano()
	f.Server = netip.MustParseAddrPort("52.94.1.2:443")
	return f
}

// times adds findings as a run does: counted first, identified later.
func (s *Summary) times(n int, f *classify.Finding) {
	for range n {
		s.Add(f)
	}
	for range n {
		s.Identify(f)
	}
}

func busy() *Summary {
	const (
		old     = "selected TLSv1, below the floor TLSv1.2; the client offers at most TLSv1"
		weak    = "selected TLSv1.1, below the floor TLSv1.2; the client offers up to TLSv1.3"
		refused = "offers at most TLSv1.1, below the floor TLSv1.2; refused by the server with protocol_version"
	)
	s := New(toAWS)
	s.times(1100, seen(classify.OK, parse.TLSv13, classify.Established))
	s.times(3, seen(classify.OK, 0x7f17, classify.Established))
	s.times(40, scoped(seen(classify.OK, parse.TLSv13, classify.Established)))
	s.times(13, scoped(seen(classify.Exposed, parse.TLSv12, classify.Established)))
	s.times(2, scoped(seen(classify.Undetermined, 0, classify.Unanswered)))
	s.times(2, seen(classify.Violation, parse.SSLv3, classify.OutcomeUnknown))
	s.times(1, seen(classify.OK, 0x0a0b, classify.Closed))
	s.times(12, flagged(seen(classify.Violation, parse.TLSv1, classify.Established), 5, "dynamodb.us-west-2.amazonaws.com", old, classify.FixClient))
	s.times(1, flagged(seen(classify.Attempt, 0, classify.Refused), 5, "dynamodb.us-west-2.amazonaws.com", refused, classify.FixClient))
	s.times(3, flagged(seen(classify.Violation, parse.TLSv11, classify.Reset), 77, "abc123.execute-api.eu-west-1.amazonaws.com", weak, classify.FixServer))
	s.times(1, flagged(seen(classify.Violation, parse.TLSv1, classify.Established), 6, "", old, classify.FixUnknown))
	return s
}

const busyText = `
17 handshakes flagged of 1,178 seen; 72 to AWS, 53 of them TLSv1.2 or better, 2
without an answer. Not everything could be seen: see below.

  selected              all      to AWS
  TLSv1.3             1,143          40
  TLSv1.2                13          13
  TLSv1.1                 3           3  below the floor
  TLSv1                  13          13  below the floor
  SSLv3                   2           0  below the floor
  other                   1           0
  none                    3           3

  verdict               all      to AWS
  violation              18          16  selected less than TLSv1.2
  attempt                 1           1  offered less than TLSv1.2, got nothing
  exposed                13          13  TLSv1.2 or better; lower offer seen
  ok                  1,144          40  TLSv1.2 or better; no lower offer seen
  undetermined            2           2  offered TLSv1.2, no answer seen

  outcome               all      to AWS
  established         1,169          66
  refused                 1           1
  reset                   3           3
  closed                  1           0
  unanswered              2           2
  not known               2           0

Flagged: 3 clients, the most flows first:

       13  10.0.0.5
           seen:     13 times, 2026-03-01 12:00:00 UTC
           to:       dynamodb.us-west-2.amazonaws.com:443
           why:      selected TLSv1, below the floor TLSv1.2; the client offers
                     at most TLSv1 (12)
                     offers at most TLSv1.1, below the floor TLSv1.2; refused by
                     the server with protocol_version (1)
           fix:      the client has to change

        3  10.0.0.77
           seen:     3 times, 2026-03-01 12:00:00 UTC
           to:       abc123.execute-api.eu-west-1.amazonaws.com:443
           why:      selected TLSv1.1, below the floor TLSv1.2; the client
                     offers up to TLSv1.3
           fix:      the server has to change

        1  10.0.0.6
           seen:     once, 2026-03-01 12:00:00 UTC
           to:       52.94.1.2:443 (known by its address only)
           why:      selected TLSv1, below the floor TLSv1.2; the client offers
                     at most TLSv1
           fix:      who has to change is not known

Could not be seen:

        2  inputs that could not be read: ??[2Jnotes.txt (1),
           ...aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa (1). If
           it is a capture in another format, convert it with editcap -F pcap.
      120  packets dropped by the kernel. Use a larger buffer (-B), capture less
           with an expression, or use --workers.
        1  handshake whose hello the snapshot length cut. Capture whole packets:
           tcpdump -s 0, or tlsfloor without -s.
    1,234  packets of which the snapshot length left no data.

Next: tlsfloor --emit all -r FILE
      shows every handshake.
`

// unseenSpots are blind spots with names that a user may choose.
var unseenSpots = []blind.Spot{
	{Cause: cause("inputs_left_out"), Count: 2, Top: []blind.Item{{Name: "\x00\x1b[2Jnotes.txt", Count: 1}, {Name: strings.Repeat("a", 300), Count: 1}}},
	{Cause: cause("kernel_dropped"), Count: 120},
	{Cause: cause("cut_hellos"), Count: 1},
	{Cause: cause("cut_packets"), Count: 1234}, // the advice was given
}

// cause returns the cause of a blind spot that has this name.
func cause(name string) blind.Cause {
	c, ok := blind.ParseCause(name)
	if !ok {
		panic("no cause is called " + name)
	}
	return c
}

func TestSummary(t *testing.T) {
	clean := New(toAWS)
	clean.times(1178, seen(classify.OK, parse.TLSv13, classify.Established))
	clean.times(56, scoped(seen(classify.Exposed, parse.TLSv12, classify.Established)))

	elsewhere := New(toAWS)
	elsewhere.Add(seen(classify.Violation, parse.TLSv1, classify.Established))

	suspects := New(Options{Floor: parse.TLSv13})
	suspects.Add(scoped(seen(classify.Violation, parse.TLSv12, classify.Established)))

	over := func(p parse.Protocol, f *classify.Finding) *classify.Finding {
		f.Protocol = p
		return f
	}
	datagrams, others := New(toAWS), New(toAWS)
	datagrams.times(1178, seen(classify.OK, parse.TLSv13, classify.Established))
	datagrams.times(2, over(parse.DTLS, seen(classify.Violation, parse.DTLSv1, classify.Established)))
	others.times(1056, over(parse.QUIC, scoped(seen(classify.OK, parse.TLSv13, classify.Established))))
	others.times(1, over(parse.QUIC, seen(classify.Undetermined, 0, classify.Unanswered)))
	datagrams.Merge(others)

	for _, tt := range []struct {
		name    string
		summary *Summary
		run     Run
		want    string
	}{
		{"DTLS and QUIC", datagrams, Run{Packets: 12000}, `
0 flagged of 2,237 TLS handshakes; 1,056 to AWS, all TLSv1.2 or better.

  selected           all   to AWS      TLS     DTLS     QUIC
  TLSv1.3          2,234    1,056    1,178        0    1,056
  TLSv1.1              2        0        0        2        0  below the floor
  none                 1        0        0        0        1

  verdict               all      to AWS
  violation               2           0  selected less than TLSv1.2
  ok                  2,234       1,056  TLSv1.2 or better; no lower offer seen
  undetermined            1           0  offered TLSv1.2, no answer seen

  outcome            all   to AWS      TLS     DTLS     QUIC
  established      2,236    1,056    1,178        2    1,056
  unanswered           1        0        0        0        1
`},
		{"findings of every kind", busy(), Run{
			Packets: 98765, Blind: unseenSpots, Hint: "Next: tlsfloor --emit all -r FILE\n      shows every handshake.\n",
		}, busyText},
		{"nothing", New(toAWS), Run{Packets: 1}, `
No TLS handshake seen in 1 packet.
`},
		{"a clean network", clean, Run{Packets: 12000}, `
0 flagged of 1,234 TLS handshakes; 56 to AWS, all TLSv1.2 or better.

  selected              all      to AWS
  TLSv1.3             1,178           0
  TLSv1.2                56          56

  verdict               all      to AWS
  exposed                56          56  TLSv1.2 or better; lower offer seen
  ok                  1,178           0  TLSv1.2 or better; no lower offer seen

  outcome               all      to AWS
  established         1,234          56
`},
		{"nothing, as far as could be seen", New(toAWS), Run{Packets: 1, Blind: []blind.Spot{{Cause: cause("one_direction"), Count: 1}}}, `
No TLS handshake seen in 1 packet. Not everything could be seen: see below.

Could not be seen:

        1  connection of which only one direction was captured. Mirror what is
           received and what is sent, or capture where both directions pass.
`},
		{"nothing in scope, as far as could be seen", elsewhere, Run{Packets: 10, Blind: []blind.Spot{{Cause: cause("faults"), Count: 3}}}, `
0 flagged of 1 TLS handshake that could be seen; none to AWS. Not everything
could be seen: see below.

  selected              all      to AWS
  TLSv1                   1           0  below the floor

  verdict               all      to AWS
  violation               1           0  selected less than TLSv1.2

  outcome               all      to AWS
  established             1           0

Could not be seen:

        3  packets that led to a fault of tlsfloor's own. Please report it, with
           the line that says where it was.
`},
		{"nothing in scope", elsewhere, Run{Packets: 10}, `
0 flagged of 1 TLS handshake; none to AWS.

  selected              all      to AWS
  TLSv1                   1           0  below the floor

  verdict               all      to AWS
  violation               1           0  selected less than TLSv1.2

  outcome               all      to AWS
  established             1           0
`},
		{"a suspicion, another floor, a scope without a name", suspects, Run{Packets: 10}, `
0 flagged of 1 TLS handshake; 1 in scope, none of them TLSv1.3 or better, 1
below it but known by address only.

  selected              all    in scope
  TLSv1.2                 1           1  below the floor

  verdict               all    in scope
  violation               1           1  selected less than TLSv1.3

  outcome               all    in scope
  established             1           1
`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := text(t, tt.summary, tt.run, false)
			if got != strings.TrimPrefix(tt.want, "\n") {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
			checkWidth(t, got)
		})
	}
}

func text(t *testing.T, s *Summary, run Run, color bool) string {
	t.Helper()
	var b strings.Builder
	if err := s.Write(&b, run, color); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func checkWidth(t *testing.T, text string) {
	t.Helper()
	for _, line := range strings.Split(text, "\n") {
		if columns(line) > width || strings.TrimRight(line, " ") != line {
			t.Errorf("%d columns: %q", columns(line), line)
		}
	}
}

// Clients with equally many flows are sorted by the number of the address, not by its text.
func TestClientsAreSortedByAddress(t *testing.T) {
	s := New(toAWS)
	for _, last := range []byte{10, 2, 7} {
		s.times(1, flagged(seen(classify.Violation, parse.TLSv1, classify.Established), last, "s3.amazonaws.com", "r", classify.FixClient))
	}
	page := text(t, s, Run{}, false)
	at := func(last byte) int { return strings.Index(page, port(last).Addr().String()+"\n") }
	if at(2) < 0 || at(2) > at(7) || at(7) > at(10) {
		t.Error(page)
	}
}

// Colour adds escapes, and changes nothing else.
func TestColor(t *testing.T) {
	run := Run{Packets: 98765, Blind: unseenSpots}
	plain, colored := text(t, busy(), run, false), text(t, busy(), run, true)
	stripped := colored
	for _, code := range []string{"\x1b[1m", "\x1b[1;31m", "\x1b[1;32m", "\x1b[0m"} {
		stripped = strings.ReplaceAll(stripped, code, "")
	}
	if stripped != plain || colored == plain {
		t.Errorf("%q\n%q", colored, plain)
	}
	if strings.Contains(plain, "\x1b") {
		t.Error("escapes without colour")
	}
	checkWidth(t, colored)
}

func TestHostileNamesArePrinted(t *testing.T) {
	s := New(toAWS)
	for _, host := range []string{"\x1b[2J\x00\x7f\x9b", "a\nb", "\u202egpj", strings.Repeat("x", 300) + ".s3.amazonaws.com"} {
		s.times(1, flagged(seen(classify.Violation, parse.TLSv1, 0), 1, host, "a reason", classify.FixClient))
	}
	s.times(9, flagged(seen(classify.Violation, parse.TLSv1, 0), 2, strings.Repeat("x", 300)+".s3.amazonaws.com", "a reason", classify.FixClient))
	got := text(t, s, Run{}, false)
	if whole := strings.Join(strings.Fields(got), ""); !strings.Contains(whole, strings.Repeat("x", maxHost-len(".s3.amazonaws.com"))+".s3.amazonaws.com:443") {
		t.Errorf("the end of a long name is not in\n%s", got)
	}
	for _, c := range []byte(got) {
		if c != '\n' && (c < ' ' || c > '~') {
			t.Fatalf("byte %#x in %q", c, got)
		}
	}
	for _, want := range []string{`\x1b[2J\x00\x7f\x9b`, `a\x0ab`} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	checkWidth(t, got)
}

func TestLongAddresses(t *testing.T) {
	s := New(toAWS)
	f := flagged(seen(classify.Violation, parse.TLSv1, 0), 1, "", "a reason", classify.FixClient)
	f.Client = netip.MustParseAddrPort("[2001:db8:1111:2222:3333:4444:5555:6666]:40000")
	f.Server = netip.MustParseAddrPort("[2600:1f18:1111:2222:3333:4444:5555:6666]:443")
	s.times(1, f)
	got := text(t, s, Run{}, false)
	const want = `
        1  2001:db8:1111:2222:3333:4444:5555:6666
           seen:     once, 2026-03-01 12:00:00 UTC
           to:       [2600:1f18:1111:2222:3333:4444:5555:6666]:443 (known by its
                     address only)
           why:      a reason
           fix:      the client has to change
`
	if !strings.HasSuffix(got, want) {
		t.Errorf("%s", got)
	}
	checkWidth(t, got)
}

func TestCountingDoesNotAllocate(t *testing.T) {
	s := New(toAWS)
	f := flagged(seen(classify.Violation, parse.TLSv1, 0), 1, "a.amazonaws.com", "a reason", classify.FixClient)
	f.Software = &classify.Software{Name: "OpenSSL", Confidence: classify.Low}
	s.times(1, f)
	if n := testing.AllocsPerRun(100, func() { s.times(1, f) }); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

func TestWriteError(t *testing.T) {
	want := errors.New("no")
	if err := New(toAWS).Write(failing{want}, Run{}, false); !errors.Is(err, want) {
		t.Errorf("%v, want %v", err, want)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestDigits(t *testing.T) {
	for n, want := range map[uint64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", 1<<64 - 1: "18,446,744,073,709,551,615"} {
		if got := digits(n); got != want {
			t.Errorf("%d: %s", n, got)
		}
	}
}

func BenchmarkAdd(b *testing.B) {
	b.ReportAllocs()
	s, f := New(toAWS), scoped(seen(classify.OK, parse.TLSv13, classify.Established))
	for b.Loop() {
		s.Add(f)
	}
}

// The most important causes are shown, the rest is counted.
func TestSpotsShown(t *testing.T) {
	var all []blind.Spot
	for c := range blind.Cause(blind.NumCauses) {
		all = append(all, blind.Spot{Cause: c, Count: uint64(c) + 1})
	}
	got := text(t, New(toAWS), Run{Packets: 1, Blind: all}, false)
	checkWidth(t, got)
	last, beyond := all[maxSpotsShown-1], all[maxSpotsShown]
	if !strings.Contains(got, last.Text()[:20]) || strings.Contains(got, beyond.Text()) {
		t.Errorf("%s", got)
	}
	if want := fmt.Sprintf("And %d more causes: --stats-every 1h writes them all.\n", blind.NumCauses-maxSpotsShown); !strings.Contains(got, want) {
		t.Errorf("%q is not in\n%s", want, got)
	}
}
