package client_test

import (
	"context"
	"crypto/tls"
	"net"
	"strings"
	"testing"

	"tlsfloor/classify"
	"tlsfloor/classify/client"
	"tlsfloor/parse/fingerprint"
)

// TestSeen identifies hellos that public lists show in number, and of which no recording
// could be made. "want" is the id and the confidence.
func TestSeen(t *testing.T) {
	const groupsOf101 = "14-13-25-11-12-24-9-10-22-23-8-6-7-20-21-4-5-18-19-1-2-3-15-16-17"
	const android = "4-5-47-53-49154-49156-49157-49164-49166-49167-49159-49161-49162-49169-49171-49172-51-57-50-56-10-49155-49165-49160-49170-22-19-9-21-18-3-8-20-17-255"
	const chrome = "49195-49199-49196-49200-52393-52392-49171-49172-156-157-47-53-10"
	tests := []struct{ name, ja3, want string }{
		{"Python on macOS's OpenSSL", "769,57-56-51-50-22-19-53-47-10-255,0-35,,", "openssl-0.9.8 low"},
		{"Python with urllib3's ciphers on it", "769,57-51-53-47-255,35,,", "openssl-0.9.8 low"},
		{"Ruby on it, which asks for elliptic curves", "769,49161-49171-49162-49172-51-57-50-56-47-53-49159-49169-5-255,0-35,,", "openssl low"},
		{"macOS's own OpenSSL", "769,57-56-53-51-50-47-22-19-10-154-153-150-5-4-21-18-9-255,0-35,,", "openssl-0.9.8 low"},
		{"OpenSSL with GOST and heartbeat", "769,49172-49162-57-56-129-128-53-49171-49161-47-255,0-11-10-35-15," + groupsOf101 + ",0-1-2", "openssl low"},
		{"OpenSSL 1.0.2's ciphers with the groups of 1.0.1", "771,49200-49196-165-163-161-159-57-53-47-255,11-10-35-13-15," + groupsOf101 + ",0-1-2", "openssl-1.0.2 low"},

		{"Windows 7 with TLS 1.2 and no ticket", "771,60-47-61-53-5-10-49191-49171-49172-49195-49187-49196-49188-49161-49162-64-50-106-56-19-4,65281-0-5-10-11-13,23-24,0", "schannel-7 low"},
		{"Windows 8, which asks for a ticket", "771,60-47-61-53-5-10-49191-49171-49172-49195-49187-49196-49188-49161-49162-64-50-106-56-19-4,65281-0-5-10-11-13-35,23-24,0", "schannel low"},
		{"Windows 8 held to TLS 1.0", "769,49172-49171-53-47-49162-49161-56-50-10-19-5-4,65281-0-5-10-11-35,23-24,0", "schannel low"},
		{"Office with ciphers of a policy", "769,49162-49172-49161-49171-56-50-19-53-47-10,0-10-11-23-65281,24-23,0", "schannel low"},
		{"Outlook with groups of a policy", "769,49172-49171-49162-49161-53-47-56-50-10-19-5-4,0-10-11-65281,25-23-24,0", "schannel low"},
		{"Windows 10 with groups of a policy", "771,49196-49195-49200-49199-53-47-10,0-5-10-11-13-35-23-65281,29-24-23,0", "schannel low"},
		{"Outlook held to SSL 3.0", "768,10-5-4-255,,,", "schannel low"},

		{"curl of Red Hat Enterprise Linux 6", "769,255-57-107-56-53-61-51-103-50-5-4-47-60-22-19-10,0,,", "nss low"},
		{"Firefox with ciphers that a user chose", "771,4865-4867-4866-49196-49200-49162-49172-57-53,0-23-65281-10-11-35-16-5-51-43-13-45-28-21,29-23-24-25-256-257,0", "nss low"},

		{"Java with its own ciphers", "771,49188-49192-61-49162-49172-53,10-11-13-23-0-65281,23-24-25-9-10-11-12-13-14-22,0", "java-8 low"},
		{"Java 7 with its own ciphers", "769,49161-49171-47,10-11-0-65281,23-1-3-19-21-6-7-9-10-24-11-12-25-13-14-15-16-17-2-18-4-5-20-8-22,0", "java-jsse medium"},
		{"Red Hat's Java without a name", "769,49162-49172-53-57-56-49161-49171-47-51-50-255,10-11,23-24-25,0", "java-jsse low"},
		{"Java 9 with ALPN and its own ciphers", "771,49196-49195-49200-53-47-10,10-11-13-23-0-17-5-16-65281,23-24-25,0", "java-jsse low"},
		{"Java without elliptic curves", "769,47-51-50-10-22-19-5-4-255,0,,", "java-jsse low"},
		{"Java with one cipher, held to SSL 3.0", "768,49172,0-5-10-11-17-43-65281,23-24-25-9-10-11-12-13-14-22,0", "java-jsse low"},

		{"Secure Transport with a ticket", "769,255-22016-49188-49187-49162-49161-49172-49171-61-60-53-47-10,35-0-10-11-13172-16-5-18-23,23-24-25,0", "securetransport medium"},
		{"Secure Transport of OS X 10.7", "769,49162-49161-49159-49160-49171-49172-49169-49170-49156-49157-47-5-4-53-10-51-57-22,0-10-11,23-24-25,0", "securetransport low"},
		{"macOS 10.13", "771,49196-49195-49188-49187-49162-49161-52393-49200-49199-49192-49191-49172-49171-52392-157-156-61-60-53-47,65281-0-23-13-5-13172-18-16-11-10,29-23-24-25,0", "securetransport medium"},
		{"macOS 10.14 held to TLS 1.0", "769,49162-49161-49172-49171-53-47-49160-49170-10,0-23-65281-10-11-16-5-18,29-23-24-25,0", "securetransport low"},

		{"Android 4.1", "769," + android + ",0-11-10-35," + groupsOf101 + ",0-1-2", "android medium"},
		{"Android 4.1 tries again", "768," + android + ",,,", "android medium"},
		{"Android 5 tries again", "769,49161-49162-49171-49172-51-57-50-56-49159-49169-47-53-5-255,,,", "android low"},

		{"Terraform with Go 1.12", "771,49199-49200-49195-49196-52392-52393-49171-49161-49172-49162-156-157-47-53-49170-10,13172-0-5-10-11-13-65281-16-18-43,29-23-24-25,0", "go medium"},
		{"FileZilla", "771,49196-49287-52393-49162-49325-49195-49286-49161,23-22-5-0-65281-35-10-11-13,24-25-23,0", "gnutls low"},
		{"FileZilla without its extensions for records", "771,49196-49287-49188-49162-49267,5-0-65281-35-10-11-13,24-25-23,0", "gnutls low"},
		{"axTLS", "770,47-53-5-4,,,", "axtls low"},
		{"axTLS for speed", "770,5-47-53-4,0,,", "axtls low"},
		{"Erlang/OTP 20", "771,255-49196-49200-49188-49192-49198-49202,0-10-11-13,14-13-25-28-11-12-27-24-9-10-26-22-23-8-6-7-20-21-4-5-18-19-1-2-3-15-16-17,0", "erlang medium"},

		{"Chrome's ciphers by OpenSSL 1.1.1", "771,4865-4866-4867-" + chrome + "-255,0-11-10-35-5-16-22-23-13-43-45-51,29-23-30-25-24,0", "tls-inspection low"},
		{"Chrome's ciphers by OpenSSL 1.0.2", "771," + chrome + "-255,0-11-10-35-13-5-15-16-21,23-24,0", "tls-inspection low"},
		{"Firefox's ciphers by OpenSSL 1.1.1", "771,49195-49199-52393-52392-49196-49200-49162-49161-49171-49172-51-57-47-53-10-255,0-11-10-35-16-23-13-21,29-23-30-25-24,0", "tls-inspection low"},
		{"Internet Explorer's ciphers by OpenSSL", "769,49172-49171-53-47-49162-49161-56-50-10-19-5-255,0-11-10-35-5-23,23-24,0", "tls-inspection low"},
		{"Office's ciphers by OpenSSL", "771,49192-49191-49172-49171-159-158-57-51-157-156-61-60-53-47-49196-49195-49188-49187-49162-49161-106-64-56-50-10-19-255,0-11-10-35-5-23-13,23-24,0", "tls-inspection low"},
		{"Chrome's ciphers by Java: OkHttp's", "771,49195-49199-49196-49200-49161-49171-49162-49172-156-157-47-53,10-11-13-23-0-65281,23-24-25-9-10-11-12-13-14-22,0", "java-8 low"},

		{"Cisco AnyConnect 3.1", "769,53-47-10-5-4-255,,,", ""},
	}
	identifier := client.NewIdentifier()
	for _, test := range tests {
		h, record := fromJA3(t, test.ja3)
		got := ""
		if s := identifier.Hello(h, record, "", ""); s != nil {
			got = s.ID + " " + s.Confidence.String()
		}
		if got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

// TestConnectionDoesNotCount takes from every recording's hello what depends on the
// connection and adds what a second try adds. The client stays who it is.
func TestConnectionDoesNotCount(t *testing.T) {
	identifier, maker := client.NewIdentifier(), fingerprint.NewMaker()
	without := func(list, value string) string {
		list = strings.ReplaceAll("-"+list+"-", "-"+value+"-", "-")
		return strings.Trim(list, "-")
	}
	compared := 0
	for _, row := range readTable(t, recordings, "clients.tsv") {
		o := recording(t, row["capture"])
		full := maker.Client(&o.hello).JA3Full
		fields := strings.Split(full, ",")
		if len(fields) != 5 || client.Greased(&o.hello) {
			continue
		}
		h, _ := fromJA3(t, full)
		want := identifier.ByTraits(h, o.record)
		changes := map[string]string{
			"a ticket less":          strings.Replace(full, ","+fields[2]+",", ","+without(fields[2], "35")+",", 1),
			"no padding":             strings.Replace(full, ","+fields[2]+",", ","+without(fields[2], "21")+",", 1),
			"TLS_FALLBACK_SCSV":      strings.Replace(full, fields[1], fields[1]+"-22016", 1),
			"TLS_FALLBACK_SCSV, 1st": strings.Replace(full, fields[1], "22016-"+fields[1], 1),
		}
		for name, ja3 := range changes {
			h, _ := fromJA3(t, ja3)
			compared++
			if got := identifier.ByTraits(h, o.record); id(got) != id(want) {
				t.Errorf("%s, %s: %q, was %q", row["capture"], name, id(got), id(want))
			}
		}
	}
	if compared < 1000 {
		t.Errorf("%d hellos compared", compared)
	}
}

func id(s *classify.Software) string {
	if s == nil {
		return ""
	}
	return s.ID
}

// TestGoWithSessionCache identifies the Go that runs this test, with a cache of sessions,
// for which it asks for tickets.
func TestGoWithSessionCache(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS10, tls.VersionTLS12, tls.VersionTLS13} {
		o := helloOf(t, &tls.Config{ServerName: "example.com", MinVersion: tls.VersionTLS10, MaxVersion: version, ClientSessionCache: tls.NewLRUClientSessionCache(1)})
		s := client.NewIdentifier().Hello(&o.hello, o.record, "", "")
		if s == nil || s.ID != "go" || s.Confidence != classify.Medium {
			t.Errorf("%s: %+v", tls.VersionName(version), s)
		}
	}
}

// helloOf returns the hello that crypto/tls sends.
func helloOf(t *testing.T, config *tls.Config) opening {
	end, other := net.Pipe()
	defer other.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() { _ = tls.Client(end, config).HandshakeContext(ctx) }()
	data := make([]byte, 1<<14)
	n, err := other.Read(data)
	if err != nil {
		t.Fatal(err)
	}
	o, ok := first(data[:n])
	if !ok {
		t.Fatal("no hello")
	}
	return o
}
