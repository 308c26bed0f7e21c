package starttls

import (
	"slices"
	"strings"
	"testing"
)

// TestUnknownPrefix: in an unknown protocol, TLS may begin only where a segment begins,
// and only within the first bytes.
func TestUnknownPrefix(t *testing.T) {
	for name, tc := range map[string]struct {
		turns []turn
		found bool
	}{
		"a version banner each way": {[]turn{c("NXSH-8.10.1\n"), s("NXD-8.10.1\n"), cTLS(clientHello), sTLS(serverHello)}, true},
		"binary":                    {[]turn{c("\xde\xad\xbe\xef\xde\xad\xbe\xef"), cTLS(clientHello)}, true},
		"three of them":             {[]turn{c("\xde\xad\xbe\xef1"), c("\xde\xad\xbe\xef2"), c("\xde\xad\xbe\xef3"), cTLS(clientHello)}, true},
		"in many pieces":            {append(slices.Repeat([]turn{c("\x01\x02\x03\x04\x05")}, 100), cTLS(clientHello)), true},
		"too long":                  {[]turn{c(strings.Repeat("\xde", maxPrefix+1)), c(clientHello)}, false},
		"too long in pieces":        {append(slices.Repeat([]turn{c("\x01\x02\x03\x04\x05")}, maxPrefix/5+1), c(clientHello)), false},
		"not where a push begins":   {[]turn{c("\xde\xad\xbe\xef\xde\xad"), c("\x01" + clientHello)}, false},
		"a hello that is not whole": {[]turn{c("\xde\xad\xbe\xef\xde\xad"), c(clientHello[:40])}, false},
		"ciphers of an odd length":  {[]turn{c("\xde\xad\xbe\xef\xde\xad"), c(clientHello[:45] + "\x01" + clientHello[46:])}, false},
		"a session id of 33 bytes":  {[]turn{c("\xde\xad\xbe\xef\xde\xad"), c(clientHello[:43] + "\x21" + clientHello[44:])}, false},
		"a length past the record":  {[]turn{c("\xde\xad\xbe\xef\xde\xad"), c(clientHello[:8] + "\xff" + clientHello[9:])}, false},
		"a ServerHello, by itself":  {[]turn{s("\xde\xad\xbe\xef\xde\xad"), s(serverHello)}, false},
	} {
		t.Run(name, func(t *testing.T) {
			got := play(t, tc.turns, whole)
			got.mustFind(tlsAt(tc.turns))
			if proto := got.p.Protocol(); (proto == "other-prefix") != tc.found {
				t.Errorf("Protocol() = %q", proto)
			}
		})
	}
}
