package cipher

import (
	"bufio"
	"bytes"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

func TestName(t *testing.T) {
	for _, test := range []struct {
		id            uint16
		iana, openssl string
	}{
		{0x0000, "TLS_NULL_WITH_NULL_NULL", ""},
		{0x0003, "TLS_RSA_EXPORT_WITH_RC4_40_MD5", "EXP-RC4-MD5"},
		{0x0004, "TLS_RSA_WITH_RC4_128_MD5", "RC4-MD5"},
		{0x0007, "TLS_RSA_WITH_IDEA_CBC_SHA", "IDEA-CBC-SHA"},
		{0x0009, "TLS_RSA_WITH_DES_CBC_SHA", "DES-CBC-SHA"},
		{0x000a, "TLS_RSA_WITH_3DES_EDE_CBC_SHA", "DES-CBC3-SHA"},
		{0x002f, "TLS_RSA_WITH_AES_128_CBC_SHA", "AES128-SHA"},
		{0x0041, "TLS_RSA_WITH_CAMELLIA_128_CBC_SHA", "CAMELLIA128-SHA"},
		{0x0096, "TLS_RSA_WITH_SEED_CBC_SHA", "SEED-SHA"},
		{0xc011, "TLS_ECDHE_RSA_WITH_RC4_128_SHA", "ECDHE-RSA-RC4-SHA"},
		{0xc013, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "ECDHE-RSA-AES128-SHA"},
		{0xc02f, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256"},
		{0x1301, "TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256"},
		{0xd005, "TLS_ECDHE_PSK_WITH_AES_128_CCM_SHA256", ""},
		{0x5600, "TLS_FALLBACK_SCSV", ""},
		{0x0a0a, "", ""},
		{0x001c, "", ""},
		{0xffff, "", ""},
	} {
		iana, openssl := Name(test.id)
		if iana != test.iana || openssl != test.openssl {
			t.Errorf("%04x: %q %q", test.id, iana, openssl)
		}
	}
}

func TestSuitesAreInOrder(t *testing.T) {
	for i := 1; i < len(suites); i++ {
		if suites[i-1].id >= suites[i].id {
			t.Errorf("%04x before %04x", suites[i-1].id, suites[i].id)
		}
	}
}

// TestSuitesAgainstOpenSSL compares the table with what the installed
// OpenSSL says.
func TestSuitesAgainstOpenSSL(t *testing.T) {
	out, err := exec.Command("openssl", "ciphers", "-V", "-stdname", "ALL:COMPLEMENTOFALL:@SECLEVEL=0").Output()
	if err != nil {
		t.Skip("no openssl ciphers -stdname here: ", err)
	}
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		// 0xC0,0x2F - TLS_ECDHE_RSA_... - ECDHE-RSA-... TLSv1.2 Kx=...
		f := strings.Fields(lines.Text())
		id, err := strconv.ParseUint(strings.Replace(f[0], ",0x", "", 1), 0, 16)
		if err != nil {
			t.Fatal(err)
		}
		iana, openssl := Name(uint16(id))
		if f[2] != "UNKNOWN" && iana != f[2] || openssl != f[4] {
			t.Errorf("%04x: %s %s; openssl says %s %s", id, iana, openssl, f[2], f[4])
		}
	}
}
