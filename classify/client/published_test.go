package client_test

import (
	"encoding/binary"
	"slices"
	"strconv"
	"strings"
	"testing"

	"tlsfloor/classify/client"
	"tlsfloor/parse"
)

// TestPublished holds rows without a measurement against hellos that others
// wrote down, as JA3 strings.
func TestPublished(t *testing.T) {
	const java78 = "23-1-3-19-21-6-7-9-10-24-11-12-25-13-14-15-16-17-2-18-4-5-20-8-22"
	tests := []struct{ name, ja3, want string }{
		{"Internet Explorer 6 on XP", "769,4-5-10-9-100-98-3-6-19-18-99,,,", "schannel-xp"},
		{"Internet Explorer 8 on XP", "769,4-5-10-9-100-98-3-6-19-18-99,65281,,", "schannel-xp"},
		{"Internet Explorer 7 on Vista", "769,47-53-5-10-49161-49162-49171-49172-50-56-19-4,0-10-11,23-24,0", "schannel-vista"},
		{"Internet Explorer 8 on Windows 7", "769,47-53-5-10-49171-49172-49161-49162-50-56-19-4,65281-0-5-10-11,23-24,0", "schannel"},
		{"Windows 7 with TLS 1.2", "771,60-47-61-53-5-10-49191-49171-49172-49195-49187-49196-49188-49161-49162-64-50-106-56-19-4,65281-0-5-10-11-13,23-24,0", "schannel-7"},
		{"Internet Explorer 11 before Windows 10", "771,49192-49191-49172-49171-159-158-57-51-157-156-61-60-53-47-49196-49195-49188-49187-49162-49161-106-64-56-50-10-19-5-4,0-10-11-13-23-65281,23-24,0", "schannel"},
		{"Windows 8.1", "771,49192-49191-49172-49171-159-158-157-156-61-60-53-47-49196-49195-49188-49187-49162-49161-106-64-56-50,0-5-10-11-13-35-23-65281,23-24,0", "schannel"},
		{"Windows 10", "771,49196-49195-49200-49199-49188-49187-49192-49191-49162-49161-49172-49171-157-156-61-60-53-47-10,0-10-11-13-35-23-65281,29-23-24,0", "schannel-10"},
		{"Windows 10 held to TLS 1.0", "769,49162-49161-49172-49171-53-47-10,0-10-11-35-23-65281,29-23-24,0", "schannel-10"},
		{"Safari on OS X 10.11", "771,255-49196-49195-49188-49187-49162-49161-49160-49200-49199-49192-49191-49172-49171-49170-157-156-61-60-53-47-10,0-10-11-13-13172-16-5-18-23,23-24-25,0", "securetransport"},
		{"Safari on OS X 10.9", "771,255-49188-49187-49162-49161-49160-49192-49191-49172-49171-49170-49190-49189-49157-49156-49155-49194-49193-49167-49166-49165-107-103-57-51-22-61-60-53-47-10-49159-49169-49154-49164-5-4,0-10-11-13-13172,23-24-25,0", "securetransport"},
		{"Java 6", "769,4-5-47-51-50-10-22-19-9-21-18-3-8-20-17-255,,,", "java-6"},
		{"Java 7 or 8 held to TLS 1.1", "770,49162-49172-53-49157-49167-49161-49171-47-49156-49166-49160-49170-10-49155-49165-49159-49169-5-49154-49164-4-255,10-11," + java78 + ",0", "java-jsse"},
		{"Java 8u121", "771,49188-49192-61-49190-49194-107-106-49162-49172-53-49157-49167-57-56-255,10-11-13-0,23-24-25-9-10-11-12-13-14-22,0", "java-8"},
		{"OpenSSL 0.9.8", "769,57-56-53-22-19-10-51-50-47-5-4-21-18-9-20-17-8-6-3-255,0-35,,", "openssl-0.9.8"},
		{"curl on macOS with LibreSSL", "771,49200-49196-49192-49188-49172-49162-159-107-57-52393-52392-52394-65413-196-136-129-157-61-53-192-132-49199-49195-49191-49187-49171-49161-158-103-51-190-69-156-60-47-186-65-49169-49159-5-4-49170-49160-22-10-255,0-11-10-13-16,29-23-24,0", "libressl"},
		{"Mono 2 to 4", "769,53-47-10-5-4-9,0,,", "mono-tls"},
		{"Thunderbird of 2011", "769,255-49162-49172-136-135-57-56-49167-49157-132-53-49159-49161-49169-49171-69-68-51-50-49164-49166-49154-49156-150-65-4-5-47-49160-49170-22-19-49165-49155-65279-10,0-10-11-35,23-24-25,0", "nss"},

		{"Windows 11", "771,4866-4865-49196-49195-49200-49199-159-158-49188-49187-49192-49191-49162-49161-49172-49171-157-156-61-60-53-47,0-43-13-35-10-51-49-23-65281-45,29-23-24,", "schannel-11"},
		{"macOS's curl with LibreSSL 3", "771,4867-4866-4865-52393-52392-52394-49200-49196-49192-49188-49172-49162-159-107-57-65413-196-136-129-157-61-53-192-132-49199-49195-255,43-51-0-11-10-13-16,29-23-24-25,0", "libressl"},
		{"Android 9", "771,49195-49196-52393-49199-49200-52392-49171-49172-156-157-47-53,0-23-65281-10-11-35-16-5-13-21,29-23-24,0", "boringssl"},
		{"Android 7", "771,49195-49196-52393-49199-49200-52392-49171-49172-156-157-47-53,65281-0-23-35-13-5-16-11-10,29-23-24,0", "boringssl"},
		{"Go 1.2", "771,49199-49195-49169-49159-49171-49161-49172-49162-5-47-53-49170-10,0-5-10-11-13-65281,23-24-25,0", "go"},
		{"GnuTLS 3.4", "771,49195-49196-49286-49287-49161-49162,23-22-5-0-65281-35-10-11-13-16,23-24-25-21-19,0", "gnutls"},
		{"OpenSSL without elliptic curves", "769,57-56-136-135-53-132-22-19-10-51-50-154-153-69-68-47-150-65-5-4-21-18-9-20-17-8-6-3-255,35,,", "openssl"},
		{"Firefox 27", "771,49195-49199-49162-49161-49171-49172-51-57-47-53-10,0-65281-10-11-35-13172-16-5-13,23-24-25,0", "nss"},

		{"one cipher", "771,47,,,", ""},
		{"a scanner's cipher with OpenSSL's extensions", "771,5-255,35-13-15,,", ""},
		{"nothing", "769,,,,", ""},
		{"OpenSSL's groups, shuffled extensions", "771,4866-4867-4865-255,51-45-43-13-23-22-35-10-11-0,29-23-30-25-24,0", ""},
	}
	identifier := client.NewIdentifier()
	for _, test := range tests {
		h, record := fromJA3(t, test.ja3)
		got := ""
		if s := identifier.Hello(h, record, "", ""); s != nil {
			got = s.ID
		}
		if got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

// TestSSLv2Format reads a hello as OpenSSL 0.9.8 begins with it.
func TestSSLv2Format(t *testing.T) {
	specs := []byte{0, 0, 57, 0, 0, 56, 0, 0, 53, 0, 0, 22, 0, 0, 19, 0, 0, 10, 7, 0, 192, 0, 0, 51, 0, 0, 50, 0, 0, 47, 0, 0, 5}
	data := append([]byte{0x80, byte(9 + len(specs) + 16), 1, 3, 1, 0, byte(len(specs)), 0, 0, 0, 16}, specs...)
	var h parse.ClientHello
	if _, err := h.ReadSSLv2(append(data, make([]byte, 16)...)); err != nil {
		t.Fatal(err)
	}
	s := client.NewIdentifier().Hello(&h, parse.SSLv2, "", "")
	if s == nil || s.ID != "openssl-0.9.8" || !slices.Contains(s.Because, "hello.sslv2_format") {
		t.Errorf("called %+v", s)
	}
}

// fromJA3 builds a hello that has a JA3 string.
func fromJA3(t testing.TB, ja3 string) (*parse.ClientHello, parse.Version) {
	fields := strings.Split(ja3, ",")
	version, _ := strconv.ParseUint(fields[0], 10, 16)
	body := binary.BigEndian.AppendUint16(nil, uint16(version))
	body = append(body, make([]byte, 33)...)
	suites := numbers(fields[1])
	body = binary.BigEndian.AppendUint16(body, uint16(len(suites)))
	body = append(append(body, suites...), 1, 0)
	var list []byte
	for types := numbers(fields[2]); len(types) > 0; types = types[2:] {
		list = append(append(list, types[:2]...), extension(binary.BigEndian.Uint16(types), fields)...)
	}
	if len(list) > 0 {
		body = append(binary.BigEndian.AppendUint16(body, uint16(len(list))), list...)
	}
	var h parse.ClientHello
	if err := h.Parse(body); err != nil {
		t.Fatal(ja3, err)
	}
	return &h, parse.TLSv1
}

// extension is the body of an extension, with its length in front.
func extension(typ uint16, fields []string) []byte {
	var body []byte
	switch parse.ExtensionType(typ) {
	case parse.ExtSupportedGroups:
		list := numbers(fields[3])
		body = append(binary.BigEndian.AppendUint16(nil, uint16(len(list))), list...)
	case parse.ExtPointFormats:
		body = []byte{1, 0}
	}
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(body))), body...)
}

// numbers are those of a JA3 field, two bytes each.
func numbers(field string) (list []byte) {
	for word := range strings.SplitSeq(field, "-") {
		if n, err := strconv.ParseUint(word, 10, 16); err == nil {
			list = binary.BigEndian.AppendUint16(list, uint16(n))
		}
	}
	return list
}
