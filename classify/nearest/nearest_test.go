package nearest

import "testing"

func TestOf(t *testing.T) {
	words := []string{"client", "host", "until", "v"}
	for typed, want := range map[string]string{
		"clients": "client", "hots": "host", "cli": "client", "unitl": "until", "w": "", "": "", "something-else": "", "ho": "host",
	} {
		if got := Of(typed, words); got != want {
			t.Errorf("%s: %q, want %q", typed, got, want)
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
