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

func TestEdits(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"emit", "emit", 0}, {"emmit", "emit", 1}, {"eimt", "emit", 2}, {"", "emit", 4}, {"kitten", "sitting", 3}, {"abcdef", "abc", 6}} {
		if got := edits(tt.a, tt.b); got != tt.want {
			t.Errorf("%q, %q: %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
}
