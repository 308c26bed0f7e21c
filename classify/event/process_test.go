package event

import (
	"reflect"
	"testing"

	"tlsfloor/classify"
	"tlsfloor/classify/testing/findings"
)

// Of parents that do not fit, the nearest stay. Each loses arguments before the others
// are left out: a parent must not hide by the length of its own command line.
func TestParentsAreCut(t *testing.T) {
	parents := findings.Longest().Parents
	parents[0].Executable = "/usr/sbin/cron"
	fit := fittingParents(parents)
	if len(fit) != 2 || fit[0].Executable != "/usr/sbin/cron" || len(fit[0].CommandLine) != 2 || fit[1].Executable != parents[1].Executable || len(fit[1].CommandLine) != 2 {
		t.Errorf("%d: %.300v", len(fit), fit)
	}
	for name, parents := range map[string][]classify.Parent{"long": fit, "many": fittingParents(make([]classify.Parent, 1000))} {
		if size := len(AppendParents([]byte("{"), parents)) - len(`{"parents":[]`); size > maxParents {
			t.Errorf("%s: %d bytes", name, size)
		}
	}
	if whole := findings.Violation().Process.Parents; !reflect.DeepEqual(fittingParents(whole), whole) {
		t.Error("parents that fit were cut")
	}
}
