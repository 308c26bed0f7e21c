package report

import (
	"fmt"
	"strings"
	"testing"

	"tlsfloor/classify"
	"tlsfloor/parse"
)

func excepted(owner string) *classify.Finding {
	f := scoped(seen(classify.Violation, parse.TLSv1, classify.Established))
	f.Exception = &classify.Exception{Owner: owner, Reason: "printers,\x1b[2J replaced", Until: "2026-06-30"}
	return f
}

// What is excepted is counted, by whom and until when, and nobody is told that all is well.
func TestExcepted(t *testing.T) {
	s := New(toAWS)
	s.times(3, excepted("alice"))
	s.times(1, excepted("bob"))
	s.times(2, scoped(seen(classify.OK, parse.TLSv13, classify.Established)))
	const want = "0 flagged of 6 TLS handshakes, 4 excepted; 6 to AWS, 2 of them TLSv1.2 or\nbetter, 4 below it but excepted.\n"
	got := text(t, s, Run{Packets: 1}, false)
	checkWidth(t, got)
	if !strings.HasPrefix(got, want) {
		t.Errorf("got\n%s", got)
	}
	const list = "\nExcepted: below the floor, and accepted by somebody:\n\n" +
		"        3  until 2026-06-30, alice: printers,\\x1b[2J replaced\n        1  until 2026-06-30, bob: printers,\\x1b[2J replaced\n"
	if !strings.HasSuffix(got, list) {
		t.Errorf("got\n%s", got)
	}
	if n, by := s.Excepted(); n != 4 || by != "3 by alice until 2026-06-30, 1 by bob until 2026-06-30" {
		t.Errorf("%d: %s", n, by)
	}
	if all, violations := s.Flagged(); all+violations != 0 {
		t.Errorf("%d flagged, %d of them violations", all, violations)
	}
	if green := text(t, s, Run{Packets: 1}, true); strings.Contains(green, "\x1b[1;32m") {
		t.Error("it is green")
	}
	s.times(1, flagged(seen(classify.Attempt, 0, classify.Refused), 1, "a.example", "why", classify.FixClient))
	if got := text(t, s, Run{Packets: 1}, false); !strings.HasPrefix(got, "1 handshake flagged of 7 seen, 4 excepted; 7 to AWS, 2 of them TLSv1.2 or\nbetter, 4 below it but excepted.\n") {
		t.Errorf("got\n%s", got)
	}
	if all, violations := s.Flagged(); all != 1 || violations != 0 {
		t.Errorf("%d flagged, %d of them violations", all, violations)
	}
}

// However many exceptions there are, the memory and the lines are bounded.
func TestExceptionsAreBounded(t *testing.T) {
	s := New(toAWS)
	for i := range 3 * maxExceptions {
		s.times(1, excepted(fmt.Sprintf("%05d%s", i, strings.Repeat("x", i))))
	}
	if n := len(s.exceptions.list.list); n > maxExceptions {
		t.Errorf("%d are kept", n)
	}
	n, by := s.Excepted()
	if n != 3*maxExceptions || len(by) > (maxOwners+1)*(maxSentence+100) || !strings.HasSuffix(by, " by others") {
		t.Errorf("%d: %d bytes", n, len(by))
	}
	if got := text(t, s, Run{Packets: 1, Top: 2}, false); !strings.HasSuffix(got, "    2,998  by other exceptions: --top 0 lists all\n") {
		t.Errorf("%s", got[max(0, len(got)-400):])
	}
}

// Events that stand for several count as many, and so do excepted ones; what a run has
// not written yet is not taken for lost.
func TestExplainSeries(t *testing.T) {
	const head = `{"schema":"tlsfloor/1","kind":`
	handshake := func(rest string) string {
		return head + `"handshake","protocol":"tls","ts":"2026-03-01T12:00:00.000000Z","verdict":"violation","src_ip":"10.0.0.5","src_port":1,"in_scope":true,` + rest + "}\n"
	}
	stats := func(rest string) string {
		return head + `"stats","ts":"2026-03-01T12:00:00.000000Z","packets":1,"flows":1,"handshakes":9,"blind":[],` + rest + `,"sensor":{"host":"a"}}` + "\n"
	}
	const count = `"flagged":true,"count":5,"first_seen":"2026-03-01T11:00:00.000000Z","last_seen":"2026-03-01T12:00:00.000000Z"`
	except := handshake(`"flagged":false,"exception":{"owner":"alice","reason":"b","until":"2026-06-30"}`)
	for _, tt := range []struct{ events, want string }{
		{handshake(`"flagged":true`) + handshake(count), "6 flagged flows of 1 client in 2 events.\nEvents from 2026-03-01 11:00:00 to 12:00:00 UTC.\n"},
		{handshake(`"flagged":true`) + stats(`"flagged":4,"held":3`), "1 flagged flow of 1 client in 2 events. 3 more flagged flows had not been\nwritten when these events end (--every).\n"},
		{handshake(`"flagged":true`) + stats(`"flagged":9,"held":3`), "1 flagged flow of 1 client in 2 events. The runs have counted 6 flagged flows:\nthe events about the others are somewhere else. 3 more flagged flows had not\nbeen written when these events end (--every).\n"},
		{except, "Nothing is flagged in 1 event. Excepted: 1 handshake below the floor, see below.\n"},
		{stats(`"flagged":0,"excepted":2,"final":true`), "Nothing is flagged in 1 event. Excepted: 2 handshakes below the floor (--emit\naws writes which).\n"},
		{except + stats(`"flagged":0,"excepted":2,"final":true`), "Nothing is flagged in 2 events. Excepted: 2 handshakes below the floor (--emit\naws writes which).\n"},
		{except + stats(`"flagged":0,"excepted":1,"final":true`), "Nothing is flagged in 2 events. Excepted: 1 handshake below the floor, see\nbelow.\n"},
		{handshake(`"flagged":true`) + except, "1 flagged flow of 1 client in 2 events. Excepted: 1 handshake below the floor,\nsee below.\n"},
		{stats(`"flagged":0,"final":true`), "Nothing is flagged in 1 event: there is nothing to change.\n"},
		{handshake(`"flagged":true,"count":18446744073709551615`) + handshake(`"flagged":true,"count":18446744073709551615`), "8,589,934,592 flagged flows of 1 client in 2 events.\n"},
	} {
		r := NewFindings(Selection{})
		if err := r.Add(strings.NewReader(tt.events)); err != nil {
			t.Fatal(err)
		}
		var got strings.Builder
		if err := r.Write(&got, 1); err != nil || !strings.HasPrefix(got.String(), tt.want) {
			t.Errorf("%v, got\n%.300s\nwant\n%s", err, got.String(), tt.want)
		}
	}
}
