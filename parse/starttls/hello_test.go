package starttls

import (
	"strings"
	"testing"

	"tlsfloor/parse"
)

func TestTLSStart(t *testing.T) {
	for _, tc := range []struct {
		name, data string
		alerts     bool
		want       parse.Match
	}{
		{"ClientHello", clientHello, false, parse.Yes},
		{"ServerHello", serverHello, false, parse.Yes},
		{"SSLv2 CLIENT-HELLO", oldClientHello, false, parse.Yes},
		{"SSLv2 SERVER-HELLO", oldServerHello, false, parse.Yes},
		{"hello over several records", "\x16\x03\x01\x00\x01\x01\x16\x03\x01\x00\x40\x00\x00\x29\x03\x01", false, parse.Yes},
		{"half a hello", clientHello[:7], false, parse.Maybe},
		{"alert", alertRecord, true, parse.Yes},
		{"alert where none may be", alertRecord, false, parse.No},
		{"encrypted alert", "\x15\x03\x01\x00\x1a\x01\x46", true, parse.No},
		{"another handshake message", "\x16\x03\x01\x00\x04\x0e\x00\x00\x00", false, parse.No},
		{"application data", "\x17\x03\x03\x00\x20" + strings.Repeat("x", 32), true, parse.No},
		{"SSLv2 lengths that do not add up", "\x80\x1d" + oldClientHello[2:], false, parse.No},
		{"text", "EHLO x\r\n", true, parse.No},
	} {
		if got := tlsStart([]byte(tc.data), tc.alerts); got != tc.want {
			t.Errorf("%s: %d, want %d", tc.name, got, tc.want)
		}
	}
}
