package event

import (
	"slices"
	"strings"
	"testing"

	"tlsfloor/classify"
	"tlsfloor/classify/testing/jsonline"
	"tlsfloor/parse"
)

// AWS's own query for CloudTrail, tlsDetails.tlsVersion in ["TLSv1","TLSv1.1"],
// finds the violations among native events, and cipher suites have the form that
// CloudTrail gives them.
func TestCloudTrailQuery(t *testing.T) {
	found := 0
	eachRecorded(t, func(t *testing.T, f *classify.Finding) {
		details := jsonline.At(jsonline.Decode(t, appendNative(nil, f, sensor)), "tlsDetails")
		version, _ := jsonline.At(details, "tlsVersion").(string)
		got := slices.Contains([]string{"TLSv1", "TLSv1.1"}, version)
		if want := f.Verdict == classify.Violation && f.Answer.Version > parse.SSLv3 && !f.OverUDP(); got != want {
			t.Errorf("found: %v, want %v: %s", got, want, jsonline.Literal(details))
		}
		if got {
			found++
		}
		cipher, named := jsonline.At(details, "cipherSuite").(string)
		if named && strings.HasPrefix(cipher, "TLS_") != (version == "TLSv1.3") {
			t.Errorf("%s in %s", cipher, version)
		}
	})
	if found < 50 {
		t.Errorf("only %d found", found)
	}
}
