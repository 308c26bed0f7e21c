package parse

import "testing"

func TestParseAlert(t *testing.T) {
	for _, test := range []struct {
		name        string
		fragment    []byte
		ok          bool
		level, text string
	}{
		{"refused version", []byte{2, 70}, true, "fatal", "protocol_version"},
		{"unrecognized name", []byte{1, 112}, true, "warning", "unrecognized_name"},
		{"not in the registry", []byte{2, 200}, true, "fatal", "unknown_200"},
		{"close_notify", []byte{1, 0}, true, "warning", "close_notify"},
		{"empty", nil, false, "", ""},
		{"one byte", []byte{2}, false, "", ""},
		{"encrypted", fill(26), false, "", ""},
		{"level 0", []byte{0, 70}, false, "", ""},
		{"level 3", []byte{3, 70}, false, "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			a, ok := ParseAlert(test.fragment)
			if ok != test.ok || ok && (a.Level.String() != test.level || a.Description.String() != test.text) {
				t.Errorf("%v %v %v", a.Level, a.Description, ok)
			}
		})
	}
	if got := AlertLevel(7).String(); got != "unknown_7" {
		t.Error(got)
	}
}
