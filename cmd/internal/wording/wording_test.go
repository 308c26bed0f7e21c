package wording

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestOf(t *testing.T) {
	_, missing := os.Open("nofile")
	_, folder := os.ReadFile(".")
	rename := os.Rename("nofile", "other")
	for _, tt := range []struct {
		err  error
		want string
	}{
		{nil, ""},
		{errors.New("as it is"), "as it is"},
		{missing, "nofile: no such file or directory"},
		{fmt.Errorf("-F nofile: %w", missing), "-F nofile: no such file or directory"},
		{fmt.Errorf("--names: %w", missing), "--names: nofile: no such file or directory"},
		{fmt.Errorf("-V .: %w", folder), "-V .: is a directory"},
		{rename, "nofile: no such file or directory"},
		{full(os.Stdout), "standard output: no space left on device"},
		{fmt.Errorf("standard output: %w", full(os.Stdout)), "standard output: no space left on device"},
		{fmt.Errorf("-F /dev/stdin: %w", full(os.Stdin)), "-F /dev/stdin: no space left on device"},
		{fmt.Errorf("writing: %w; %w", missing, io.ErrUnexpectedEOF), "writing: nofile: no such file or directory; the far end has closed the connection before its end"},
		{errors.Join(errors.New("a"), missing), "a; nofile: no such file or directory"},
		{os.NewSyscallError("connect", syscall.ECONNREFUSED), "connection refused"},
		{fmt.Errorf("asking: %w", context.DeadlineExceeded), "asking: no answer in time"},
		{&net.DNSError{Err: "no such host", Name: "siem.example", Server: "192.0.2.53:53", IsNotFound: true}, "there is no host named siem.example"},
		{&net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "i/o timeout", Name: "siem.example", IsTimeout: true}}, "no answer in time"},
		{&net.DNSError{Err: "server misbehaving", Name: "siem.example"}, "the address of siem.example was not found"},
		{x509.HostnameError{Certificate: &x509.Certificate{}, Host: "192.0.2.1"}, "the certificate is not for 192.0.2.1"},
		{x509.CertificateInvalidError{Cert: &x509.Certificate{}, Reason: x509.Expired}, "the certificate has expired, or is not valid yet"},
		{fmt.Errorf("key k: %w", errors.New("tls: failed to find any PEM data")), "key k: failed to find any PEM data"},
		{&net.OpError{Op: "remote error", Err: errors.New("tls: bad certificate")}, "the far end refuses TLS: bad certificate"},
	} {
		if got := Of(tt.err); got != tt.want {
			t.Errorf("%v: %q, want %q", tt.err, got, tt.want)
		}
	}
}

func full(f *os.File) error {
	return &fs.PathError{Op: "write", Path: f.Name(), Err: syscall.ENOSPC}
}

// Errors as the library makes them, against real far ends on loopback.
func TestOfOfConnections(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := closed.Addr().String()
	closed.Close()
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	defer secure.Close()
	clear := httptest.NewServer(http.NotFoundHandler())
	defer clear.Close()
	for name, tt := range map[string]struct {
		do   func() error
		want string
	}{
		"nobody":            {func() error { _, err := net.Dial("tcp", address); return err }, "connection refused"},
		"nobody, over HTTP": {func() error { _, err := http.Get("http://" + address); return err }, "connection refused"},
		"no socket":         {func() error { _, err := net.Dial("unix", filepath.Join(t.TempDir(), "none")); return err }, "no such file or directory"},
		"a stranger": {func() error { _, err := http.Get(secure.URL); return err },
			"the certificate is signed by nobody who is trusted here (ca=FILE names others)"},
		"no TLS": {func() error { _, err := tls.Dial("tcp", clear.Listener.Addr().String(), nil); return err }, "what answers does not speak TLS"},
		"another name": {func() error {
			roots := secure.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
			_, err := tls.Dial("tcp", secure.Listener.Addr().String(), &tls.Config{RootCAs: roots, ServerName: "other.invalid"})
			return err
		}, "the certificate is not for other.invalid, but for example.com"},
	} {
		err := tt.do()
		if err == nil {
			t.Fatalf("%s: no error", name)
		}
		got := Of(err)
		if !strings.HasPrefix(got, tt.want) || strings.Contains(got, "x509") || strings.Contains(got, "dial") {
			t.Errorf("%s: %q, want %q; Go says %q", name, got, tt.want, err)
		}
	}
}

func TestCount(t *testing.T) {
	for n, want := range []string{"0 packets dropped", "1 packet dropped", "2 packets dropped"} {
		if got := Count(uint64(n), "packet* dropped"); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := Noun(2, "found"); got != "found" {
		t.Errorf("a word without a plural: %q", got)
	}
}
