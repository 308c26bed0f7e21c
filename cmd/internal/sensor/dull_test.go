package sensor

import (
	"strings"
	"testing"

	"tlsfloor/classify"
	"tlsfloor/classify/names"
)

// A name in SNI that is out of scope overrides other names of the address (here from a
// hosts file), also if only flagged findings are wanted and the SNI was not kept.
func TestSNIOutOfScopeOverridesOtherNames(t *testing.T) {
	hosts, err := names.LoadHosts(strings.NewReader("192.0.2.10 dynamodb.us-west-2.amazonaws.com\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, flaggedOnly := range []bool{true, false} {
		found := 0
		s := newSensor(t, func(*classify.Finding) {})
		s.options.Tally = func(f *classify.Finding) {
			if found++; f.Verdict != classify.Violation || f.Flagged || f.InScope {
				t.Errorf("flagged only: %v: flagged %v, %s to %q", flaggedOnly, f.Flagged, f.Verdict, f.Host)
			}
		}
		s.sessions.FlaggedOnly = flaggedOnly
		s.options.Names.Use(hosts)
		for _, f := range read(t, "openssl-lookalike-suffix.pcap") {
			s.Process(&f)
		}
		s.table.Flush()
		if found != 1 {
			t.Errorf("%d findings", found)
		}
	}
}
