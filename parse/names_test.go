package parse

import "testing"

// Every number comes back from its name.
func TestNamesComeBack(t *testing.T) {
	for n := range 1 << 16 {
		v := Version(n)
		if got, ok := ParseVersion([]byte(v.String())); got != v || !ok {
			t.Errorf("%s is read as %s (%v)", v, got, ok)
		}
	}
	for n := range 1 << 16 {
		g := Group(n)
		if got, ok := ParseGroup([]byte(g.String())); got != g || !ok {
			t.Errorf("%s is read as %s (%v)", g, got, ok)
		}
	}
	for n := range 1 << 8 {
		l := AlertLevel(n)
		if got, ok := ParseAlertLevel([]byte(l.String())); got != l || !ok {
			t.Errorf("%s is read as %s (%v)", l, got, ok)
		}
	}
	for _, name := range []string{"", "TLS", "TLSv1.3-draft", "TLSv1.3-draft256", "TLSv1.3-draft1-fb2", "0x", "0x12345", "0303", "unknown_256", "unknown_", "Fatal"} {
		if v, ok := ParseVersion([]byte(name)); ok {
			t.Errorf("%q is read as %s", name, v)
		}
		if l, ok := ParseAlertLevel([]byte(name)); ok {
			t.Errorf("%q is read as %s", name, l)
		}
	}
}
