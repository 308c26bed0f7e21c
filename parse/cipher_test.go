package parse

import (
	"bufio"
	"bytes"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

func TestCipherName(t *testing.T) {
	for _, test := range []struct {
		id            uint16
		iana, openssl string
		ok            bool
	}{
		{0x0000, "TLS_NULL_WITH_NULL_NULL", "", true},
		{0x0003, "TLS_RSA_EXPORT_WITH_RC4_40_MD5", "EXP-RC4-MD5", true},
		{0x0004, "TLS_RSA_WITH_RC4_128_MD5", "RC4-MD5", true},
		{0x0007, "TLS_RSA_WITH_IDEA_CBC_SHA", "IDEA-CBC-SHA", true},
		{0x0009, "TLS_RSA_WITH_DES_CBC_SHA", "DES-CBC-SHA", true},
		{0x000a, "TLS_RSA_WITH_3DES_EDE_CBC_SHA", "DES-CBC3-SHA", true},
		{0x002f, "TLS_RSA_WITH_AES_128_CBC_SHA", "AES128-SHA", true},
		{0x0041, "TLS_RSA_WITH_CAMELLIA_128_CBC_SHA", "CAMELLIA128-SHA", true},
		{0x0096, "TLS_RSA_WITH_SEED_CBC_SHA", "SEED-SHA", true},
		{0xc011, "TLS_ECDHE_RSA_WITH_RC4_128_SHA", "ECDHE-RSA-RC4-SHA", true},
		{0xc013, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "ECDHE-RSA-AES128-SHA", true},
		{0xc02f, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256", true},
		{0x1301, "TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256", true},
		{0xd005, "TLS_ECDHE_PSK_WITH_AES_128_CCM_SHA256", "", true},
		{0x5600, "TLS_FALLBACK_SCSV", "", true},
		{0x0a0a, "", "", false},
		{0x001c, "", "", false},
		{0xffff, "", "", false},
	} {
		iana, openssl, ok := CipherName(test.id)
		if iana != test.iana || openssl != test.openssl || ok != test.ok {
			t.Errorf("%04x: %q %q %v", test.id, iana, openssl, ok)
		}
	}
}

func TestCipherSpecName(t *testing.T) {
	for spec, want := range map[uint32]string{
		0x010080: "SSL_CK_RC4_128_WITH_MD5 RC4-MD5 true",
		0x0700c0: "SSL_CK_DES_192_EDE3_CBC_WITH_MD5 DES-CBC3-MD5 true",
		0x000004: "TLS_RSA_WITH_RC4_128_MD5 RC4-MD5 true",
		0x990099: "  false",
	} {
		name, openssl, ok := CipherSpecName(spec)
		if got := name + " " + openssl + " " + strconv.FormatBool(ok); got != want {
			t.Errorf("%06x: %s", spec, got)
		}
	}
}

func TestCipherTableIsInOrder(t *testing.T) {
	for i := 1; i < len(cipherSuites); i++ {
		if cipherSuites[i-1].id >= cipherSuites[i].id {
			t.Errorf("%04x before %04x", cipherSuites[i-1].id, cipherSuites[i].id)
		}
	}
}

// TestCipherTableAgainstOpenSSL compares the table with what the installed
// OpenSSL says.
func TestCipherTableAgainstOpenSSL(t *testing.T) {
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
		iana, openssl, _ := CipherName(uint16(id))
		if f[2] != "UNKNOWN" && iana != f[2] || openssl != f[4] {
			t.Errorf("%04x: %s %s; openssl says %s %s", id, iana, openssl, f[2], f[4])
		}
	}
}
