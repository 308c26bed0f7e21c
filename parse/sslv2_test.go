package parse

import (
	"bytes"
	"testing"
)

// sslv2Client is a CLIENT-HELLO record.
func sslv2Client(version Version, specs, session, challenge []byte) []byte {
	body := cat([]byte{1}, u16(uint16(version), uint16(len(specs)), uint16(len(session)), uint16(len(challenge))), specs, session, challenge)
	return cat(u16(0x8000|uint16(len(body))), body)
}

// sslv2Server is a SERVER-HELLO record.
func sslv2Server(hit byte, cert, specs, connection []byte) []byte {
	body := cat([]byte{4, hit, 1}, u16(2, uint16(len(cert)), uint16(len(specs)), uint16(len(connection))), cert, specs, connection)
	return cat(u16(0x8000|uint16(len(body))), body)
}

// oldSpecs are a cipher list of an old browser: RC4-MD5 of SSLv2 and of SSLv3,
// and TLS_FALLBACK_SCSV.
var oldSpecs = []byte{1, 0, 0x80, 0, 0, 4, 0, 0x56, 0}

func TestSSLv2ClientHello(t *testing.T) {
	for _, test := range []struct {
		name     string
		data     []byte
		version  Version
		fallback bool
	}{
		{"SSLv2", sslv2Client(SSLv2, oldSpecs[:3], fill(16), fill(16)), SSLv2, false},
		{"for SSLv3", sslv2Client(SSLv3, oldSpecs, nil, fill(16)), SSLv3, true},
		{"for TLS 1.2", sslv2Client(TLSv12, oldSpecs, nil, fill(32)), TLSv12, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			var h ClientHello
			size, err := h.ReadSSLv2(append(test.data, "more"...))
			if err != nil || size != len(test.data) {
				t.Fatal(size, err)
			}
			if !h.SSLv2Format || h.LegacyVersion != test.version || h.MaxVersion() != test.version || h.FallbackSCSV() != test.fallback {
				t.Errorf("%+v", h)
			}
			if h.CipherSpecs.At(0) != 0x010080 || len(h.Random) < 16 {
				t.Errorf("%06x, challenge %x", h.CipherSpecs.At(0), h.Random)
			}
			for n := range test.data {
				if size, err := h.ReadSSLv2(test.data[:n]); err != ErrShort || size <= n {
					t.Fatalf("cut to %d bytes: %d, %v", n, size, err)
				}
			}
		})
	}
}

func TestNotSSLv2ClientHello(t *testing.T) {
	good := sslv2Client(TLSv1, oldSpecs, nil, fill(16))
	for name, change := range map[string]func(b []byte){
		"3-byte header":            func(b []byte) { b[0] = 0 },
		"record longer":            func(b []byte) { b[1]++ },
		"another message":          func(b []byte) { b[2] = 2 },
		"version 1":                func(b []byte) { b[4] = 0; b[3] = 0 },
		"version 3.5":              func(b []byte) { b[4] = 5 },
		"specs not in threes":      func(b []byte) { b[6]--; b[10]++ },
		"no specs":                 func(b []byte) { b[6] = 0; b[1] -= 9 },
		"session id of 3 bytes":    func(b []byte) { b[8] = 3; b[10] -= 3 },
		"challenge of 15 bytes":    func(b []byte) { b[10]--; b[1]-- },
		"challenge longer than 32": func(b []byte) { b[10] = 33; b[1] += 17 },
	} {
		data := append(bytes.Clone(good), fill(64)...)
		change(data)
		var h ClientHello
		if _, err := h.ReadSSLv2(data); err != errNotSSLv2 || LooksLikeSSLv2ClientHello(data) != No {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSSLv2ServerHello(t *testing.T) {
	cert := fill(600)
	data := sslv2Server(0, cert, oldSpecs[:3], fill(16))
	var h SSLv2ServerHello
	size, err := h.Read(append(data, 9))
	if err != nil || size != len(data) || h.Version != SSLv2 || h.SessionIDHit ||
		!bytes.Equal(h.Certificate, cert) || h.CipherSpecs.Len() != 1 || len(h.ConnectionID) != 16 {
		t.Errorf("%d %v %+v", size, err, h)
	}
	for n := range data {
		if size, err := h.Read(data[:n]); err != ErrShort || size <= n {
			t.Fatalf("cut to %d bytes: %d, %v", n, size, err)
		}
	}
	if _, err := h.Read(sslv2Server(1, nil, nil, fill(16))); err != nil || !h.SessionIDHit || len(h.Certificate) != 0 {
		t.Errorf("resumed: %v %+v", err, h)
	}
	for at, value := range map[int]byte{0: 0, 1: 1, 2: 1, 3: 2, 4: 2, 5: 3, 6: 3, 10: 4, 12: 33} {
		bad := bytes.Clone(data)
		bad[at] = value
		if _, err := h.Read(bad); err != errNotSSLv2 {
			t.Errorf("byte %d is %d: %v", at, value, err)
		}
	}
}

func FuzzSSLv2(f *testing.F) {
	f.Add(sslv2Client(TLSv1, oldSpecs, nil, fill(16)))
	f.Add(sslv2Client(SSLv2, oldSpecs, fill(16), fill(32)))
	f.Add(sslv2Server(0, fill(600), oldSpecs, fill(16)))
	f.Fuzz(func(t *testing.T, data []byte) {
		var c ClientHello
		if size, err := c.ReadSSLv2(data); err == nil && size > len(data) || err == ErrShort && size <= len(data) {
			t.Errorf("client: size %d of %d, %v", size, len(data), err)
		}
		c.FallbackSCSV()
		var s SSLv2ServerHello
		if size, err := s.Read(data); err == nil && size > len(data) || err == ErrShort && size <= len(data) {
			t.Errorf("server: size %d of %d, %v", size, len(data), err)
		}
	})
}
