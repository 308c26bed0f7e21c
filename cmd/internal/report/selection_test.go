package report

import (
	"strings"
	"testing"
	"time"

	"tlsfloor/classify"
)

func TestSelectionOfClients(t *testing.T) {
	curl, java, plain := cronCurl(0), oldNode(6), oldNode(77)
	java.Process = &classify.Process{Executable: "/usr/bin/java", CommandLine: []string{"java", "-jar", "/srv/shop.jar"}, Container: "4b0e1a9c2f77"}
	plain.Process = nil
	for client, want := range map[string][3]bool{
		"":                {true, true, true},
		"10.0.0.5":        {true, false, false},
		"::ffff:10.0.0.5": {true, false, false},
		"10.0.0.4/31":     {true, false, false},
		"10.0.0.0/24":     {true, true, true},
		"0.0.0.0/0":       {true, true, true},
		"::/0":            {false, false, false},
		"curl":            {true, false, false},
		"/usr/bin/curl":   {true, false, false},
		"backup.sh":       {true, false, false},
		"/opt/backup.sh":  {true, false, false},
		"cron":            {true, false, false},
		"cron.service":    {true, false, false},
		"shop.jar":        {false, true, false},
		"Java":            {false, true, false},
		"4b0e1a9c2f77":    {false, true, false},
		"nodejs":          {false, true, true},
		"NODE.JS":         {false, true, true},
	} {
		s, err := NewSelection(client, "", time.Now())
		if err != nil {
			t.Errorf("%s: %v", client, err)
		}
		for i, f := range []*classify.Finding{curl, java, plain} {
			if got := s.wants(f); got != want[i] {
				t.Errorf("%q selects finding %d: %v", client, i, got)
			}
		}
	}
	for _, bad := range []string{"10.0.0", "10.0.0.0/33", "1::2::3", "10.0.0.256", "/", "1/2"} {
		if _, err := NewSelection(bad, "", time.Now()); err == nil {
			t.Errorf("%s is taken for a client", bad)
		}
	}
}

func TestSelectionOfTimes(t *testing.T) {
	now := time.Date(2026, 3, 8, 12, 0, 0, 0, time.UTC)
	for since, want := range map[string]string{
		"2026-03-01":                  "2026-03-01T00:00:00Z",
		"2026-03-01T12:30":            "2026-03-01T12:30:00Z",
		"2026-03-01 12:30:15":         "2026-03-01T12:30:15Z",
		"2026-03-01T12:30:15Z":        "2026-03-01T12:30:15Z",
		"2026-03-01T12:00:00.5+02:00": "2026-03-01T10:00:00.5Z",
		"90m":                         "2026-03-08T10:30:00Z",
		"1h30m":                       "2026-03-08T10:30:00Z",
		"7d":                          "2026-03-01T12:00:00Z",
		"0.5d":                        "2026-03-08T00:00:00Z",
	} {
		s, err := NewSelection("", since, now)
		at, _ := time.Parse(time.RFC3339, want)
		if err != nil || s.from != at.UnixNano() {
			t.Errorf("%s: %s, %v", since, time.Unix(0, s.from).UTC(), err)
		}
		for offset, selected := range map[time.Duration]bool{-time.Nanosecond: false, 0: true, time.Hour: true} {
			f := new(classify.Finding)
			if f.Time = at.Add(offset).UnixNano(); s.wants(f) != selected {
				t.Errorf("%s, %s later: %v", since, offset, !selected)
			}
		}
		if !s.wants(new(classify.Finding)) {
			t.Errorf("%s: an unknown time is left out", since)
		}
	}
	for _, bad := range []string{"yesterday", "-5m", "0s", "d", "99999999d", "1e300d", "3026-03-01", "2026-13-01", "5", "0001-01-01"} {
		if s, err := NewSelection("", bad, now); err == nil {
			t.Errorf("%s is taken for %s", bad, time.Unix(0, s.from).UTC())
		}
	}
}

// That a selection has no flagged flow is not said as if all was read.
func TestNothingSelectedOfWhatWasNotRead(t *testing.T) {
	const fine = `{"schema":"tlsfloor/1","kind":"handshake","ts":"2026-03-01T12:00:00.000000Z","flagged":false,"src_ip":"10.0.0.6"}` + "\n"
	const counted = `{"schema":"tlsfloor/1","kind":"stats","flagged":3,"blind":[]}` + "\n"
	of, err := NewSelection("10.0.0.9", "", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	r := NewFindings(of)
	if err := r.Add(strings.NewReader(fine + fine[:40] + "\n" + counted)); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := r.Write(&out, 0); err != nil {
		t.Fatal(err)
	}
	const want = "10.0.0.9: no flagged flow, of 0 flagged flows in 2 events. Not everything could be read. " +
		"The runs have counted 3 flagged flows: the events about the others are somewhere else."
	if got := strings.Join(strings.Fields(out.String()), " "); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}
