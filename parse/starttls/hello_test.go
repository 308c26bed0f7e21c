package starttls

import (
	"strings"
	"testing"
)

func TestTLSStart(t *testing.T) {
	draft := strings.Replace(serverHello, "\x03\x01\x00\x00\x00", "\x7f\x12\x00\x00\x00", 1)
	for _, tc := range []struct {
		name, data string
		alerts     bool
		found      bool
	}{
		{"ClientHello", clientHello, false, true},
		{"ServerHello", serverHello, false, true},
		{"ServerHello of a draft", draft, false, true},
		{"SSLv3", "\x16\x03\x00" + clientHello[3:9] + "\x03\x00", false, true},
		{"hello split after its type", "\x16\x03\x01\x00\x01\x01", false, true},
		{"hello split in its length", "\x16\x03\x01\x00\x03\x01\x00\x00", false, true},
		{"record of version 2", "\x16\x02" + clientHello[2:], false, false},
		{"record of version 3.5", "\x16\x03\x05" + clientHello[3:], false, false},
		{"record without content", "\x16\x03\x01\x00\x00", false, false},
		{"record too long", "\x16\x03\x01\x48\x01" + clientHello[5:], false, false},
		{"another message", "\x16\x03\x01\x00\x04\x0e\x00\x00\x00", false, false},
		{"message of 16 MB", clientHello[:6] + "\x01" + clientHello[7:], false, false},
		{"ClientHello of a draft's version", clientHello[:9] + "\x7f\x12" + clientHello[11:], false, false},
		{"hello of version 4", clientHello[:9] + "\x04\x00" + clientHello[11:], false, false},
		{"hello of version 3.5", clientHello[:9] + "\x03\x05" + clientHello[11:], false, false},
		{"application data", "\x17\x03\x03\x00\x20" + strings.Repeat("x", 32), false, false},

		{"alert", alertRecord, true, true},
		{"alert where none may be", alertRecord, false, false},
		{"alert of level 3", "\x15\x03\x01\x00\x02\x03\x46", true, false},
		{"encrypted alert", "\x15\x03\x01\x00\x1a\x01\x46", true, false},

		{"SSLv2 CLIENT-HELLO", oldClientHello, false, true},
		{"its lengths do not add up", "\x80\x1d" + oldClientHello[2:], false, false},
		{"its version is 4", oldClientHello[:3] + "\x04" + oldClientHello[4:], false, false},
		{"its ciphers have two bytes", "\x80\x1b" + oldClientHello[2:6] + "\x02" + oldClientHello[7:], false, false},
		{"its challenge is short", "\x80\x1b" + oldClientHello[2:10] + "\x0f" + oldClientHello[11:], false, false},
		{"SSLv2 SERVER-HELLO", oldServerHello, false, true},
		{"its version is 3", oldServerHello[:6] + "\x03" + oldServerHello[7:], false, false},
		{"its connection id is short", "\x80\x1d" + oldServerHello[2:12] + "\x0f" + oldServerHello[13:], false, false},
		{"another SSLv2 message", "\x80\x1e\x02" + oldClientHello[3:], false, false},
		{"text", "EHLO x\r\n", true, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			found, need := tlsStart([]byte(tc.data), tc.alerts)
			if found != tc.found || need > len(tc.data) {
				t.Errorf("found %t, needs %d of %d bytes, want found %t", found, need, len(tc.data), tc.found)
			}
			for n := 1; n < len(tc.data); n++ {
				if early, need := tlsStart([]byte(tc.data[:n]), tc.alerts); need <= n && early != tc.found {
					t.Fatalf("says %t at %d bytes, %t at %d", early, n, tc.found, len(tc.data))
				}
			}
		})
	}
}
