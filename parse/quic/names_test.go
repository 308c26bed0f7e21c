package quic

import "testing"

// Every version comes back from its name.
func TestVersionNamesComeBack(t *testing.T) {
	for _, v := range []Version{0, V1, V2, 0xff00001d, 0xff000001, 0xff0000ff, 0xff000000, 0x51303433, 0x54303531, 0x5130ff33, 0x0a1a2a3a, 0xffffffff} {
		if got, ok := ParseVersion([]byte(v.String())); got != v || !ok {
			t.Errorf("%s is read as %s (%v)", v, got, ok)
		}
	}
	for _, name := range []string{"", "v3", "draft-", "draft-0", "draft-256", "0x", "0x0000000g", "Q04x", "Q0431", "0x000000001"} {
		if v, ok := ParseVersion([]byte(name)); ok {
			t.Errorf("%q is read as %s", name, v)
		}
	}
}
