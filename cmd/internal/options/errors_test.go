package options

import "testing"

func TestSimilar(t *testing.T) {
	for typed, want := range map[string]string{
		"emmit": "emit", "ouput": "output", "snapshot": "snapshot-length", "no-sandbx": "no-sandbox", "formt": "format", "v": "",
		"xyzzy": "", "emit-everything-there-is": "", "quite": "quiet", "out": "output", "": "",
	} {
		o := new(Options)
		o.parsed = o.flags()
		if got := o.similar(typed); got != want {
			t.Errorf("--%s: %q, want %q", typed, got, want)
		}
	}
}
