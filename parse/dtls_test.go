package parse

import (
	"testing"
)

// dtlsHello is a ClientHello of DTLS with a cookie, and an extension supported_versions
// with DTLS 1.3 and 1.2, without the header of its message.
func dtlsHello(cookie string, versions ...byte) []byte {
	b := append([]byte{0xfe, 0xfd}, make([]byte, 32)...)
	b = append(b, 0)
	b = append(append(b, byte(len(cookie))), cookie...)
	b = append(b, 0, 2, 0x13, 0x01, 1, 0)
	if len(versions) == 0 {
		return b
	}
	list := append([]byte{byte(len(versions))}, versions...)
	b = append(b, 0, byte(4+len(list)), 0, 43, 0, byte(len(list)))
	return append(b, list...)
}

func TestClientHelloOfDTLS(t *testing.T) {
	var h ClientHello
	if err := h.ParseOf(DTLS, dtlsHello("abc", 0xfe, 0xfd, 0xfe, 0xfc)); err != nil {
		t.Fatal(err)
	}
	if string(h.HelloCookie) != "abc" || h.CipherSuites.At(0) != 0x1301 || h.MaxVersion() != DTLSv13 || h.Protocol != DTLS {
		t.Errorf("%+v", h)
	}
	body := dtlsHello("abc", 0xfe, 0xfd, 0xfe, 0xfc)
	if !h.ParseCutOf(DTLS, body) || h.MaxVersion() != DTLSv13 {
		t.Errorf("%+v", h)
	}
	if err := h.ParseOf(DTLS, dtlsHello("")[:36]); err == nil {
		t.Error("no error without the rest of the hello")
	}
}

func TestVersionsOfDTLS(t *testing.T) {
	for _, test := range []struct {
		legacy Version
		list   []Version
		want   Version
	}{
		{DTLSv1, nil, DTLSv1},
		{DTLSv12, []Version{DTLSv12, DTLSv13, DTLSv1}, DTLSv13},
		{DTLSv12, []Version{DTLSv1, DTLSv12, 0x3a3a}, DTLSv12},
		{DTLSv12, []Version{TLSv13}, DTLSv12}, // of the other protocol
		{TLSv12, []Version{TLSv11, DTLSv13}, TLSv11},
		{TLSv12, []Version{0x7f1c, TLSv12}, TLSv13},
		{dtlsDraft, nil, dtlsDraft},
	} {
		if got := MaxVersion(test.legacy, test.list); got != test.want {
			t.Errorf("%v of %v: %v, want %v", test.list, test.legacy, got, test.want)
		}
	}
	for _, pair := range [][2]Version{{dtlsDraft, TLSv11}, {DTLSv1, TLSv11}, {DTLSv12, TLSv12}, {DTLSv13, TLSv13}} {
		if pair[0].Rank() != pair[1] || !pair[0].IsDTLS() || pair[1].IsDTLS() {
			t.Errorf("%v: rank %v", pair[0], pair[0].Rank())
		}
	}
}
