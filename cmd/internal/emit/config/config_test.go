package config

import (
	"testing"

	"tlsfloor/classify"
)

func TestSelection(t *testing.T) {
	flagged := &classify.Finding{Flagged: true, InScope: true}
	inScope := &classify.Finding{InScope: true}
	other := &classify.Finding{}
	for text, want := range map[string][3]bool{
		"flagged": {true, false, false},
		"aws":     {true, true, false},
		"all":     {true, true, true},
	} {
		s, err := ParseSelection(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := [3]bool{s.Wants(flagged), s.Wants(inScope), s.Wants(other)}; got != want {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
	for _, text := range []string{"", "ALL", "none"} {
		if _, err := ParseSelection(text); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}
