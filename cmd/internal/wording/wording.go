package wording

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
)

// Of returns the text of an error in plain words. What wraps an error of Go's library
// stays as it is.
func Of(err error) string {
	if err == nil {
		return ""
	}
	text := err.Error()
	walk(err, func(inner error) bool {
		whole := inner.Error()
		at := strings.Index(text, whole)
		if at < 0 {
			return false
		}
		words, known := words(inner, text[:at])
		if known {
			text = text[:at] + words + text[at+len(whole):]
		}
		return known
	})
	return strings.ReplaceAll(text, "\n", "; ")
}

// walk calls visit for an error and what it wraps, until visit returns true for a branch.
func walk(err error, visit func(error) bool) {
	if err == nil || visit(err) {
		return
	}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		walk(e.Unwrap(), visit)
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			walk(inner, visit)
		}
	}
}

// words returns the words for an error of Go's library. before is the text in front of it,
// which may name the file already.
func words(err error, before string) (text string, known bool) {
	switch e := err.(type) {
	case *fs.PathError:
		return named(e.Path, Of(e.Err), before), true
	case *os.LinkError:
		return named(e.Old, Of(e.Err), before), true
	case *os.SyscallError:
		return Of(e.Err), true
	case *url.Error:
		return Of(e.Err), true
	case *net.OpError:
		return ofNetwork(e), true
	case *net.DNSError:
		return ofName(e), true
	case *tls.CertificateVerificationError:
		return Of(e.Err), true
	case tls.RecordHeaderError:
		return "what answers does not speak TLS", true
	}
	if text, known = ofCertificate(err); known {
		return text, true
	}
	return ofSentinel(err)
}

func named(path, cause, before string) string {
	name := path
	switch path { // what Go calls the files that have no name
	case os.Stdin.Name():
		name = "standard input"
	case os.Stdout.Name():
		name = "standard output"
	}
	if strings.Contains(before, path) || strings.Contains(before, name) {
		return cause
	}
	return name + ": " + cause
}

func ofNetwork(e *net.OpError) string {
	switch {
	case e.Op == "remote error": // an alert, as crypto/tls calls it
		return "the far end refuses TLS: " + strings.TrimPrefix(Of(e.Err), "tls: ")
	case e.Timeout():
		return "no answer in time"
	}
	return Of(e.Err)
}

func ofName(e *net.DNSError) string {
	switch {
	case e.IsNotFound:
		return "there is no host named " + e.Name
	case e.IsTimeout:
		return "the address of " + e.Name + " was not found in time"
	}
	return "the address of " + e.Name + " was not found"
}

// ofCertificate returns the words for a certificate that is not trusted.
func ofCertificate(err error) (text string, known bool) {
	switch e := err.(type) {
	case x509.UnknownAuthorityError:
		return "the certificate is signed by nobody who is trusted here (ca=FILE names others)", true
	case x509.HostnameError:
		return "the certificate is not for " + e.Host + otherNames(e.Certificate), true
	case x509.CertificateInvalidError:
		if e.Reason == x509.Expired {
			return "the certificate has expired, or is not valid yet", true
		}
		return "the certificate is not valid: " + strings.TrimPrefix(e.Error(), "x509: "), true
	}
	return "", false
}

// The bounds of a certificate's names in a text, which its owner chooses: their number,
// and their length in bytes.
const shownNames, shownName = 3, 100

func otherNames(c *x509.Certificate) (text string) {
	for i, name := range c.DNSNames[:min(len(c.DNSNames), shownNames)] {
		if i == 0 {
			text = ", but for "
		} else {
			text += ", "
		}
		text += name[:min(len(name), shownName)]
	}
	return text
}

// sentinels are the words for errors without a type of their own.
var sentinels = []struct {
	err   error
	words string
}{
	{io.EOF, "the far end has closed the connection"},
	{io.ErrUnexpectedEOF, "the far end has closed the connection before its end"},
	{context.DeadlineExceeded, "no answer in time"},
	{os.ErrDeadlineExceeded, "no answer in time"},
	{net.ErrClosed, "the connection is closed"},
}

func ofSentinel(err error) (text string, known bool) {
	for _, s := range sentinels {
		if err == s.err {
			return s.words, true
		}
	}
	for _, prefix := range []string{"tls: ", "x509: "} {
		if rest, ok := strings.CutPrefix(err.Error(), prefix); ok && errors.Unwrap(err) == nil {
			return rest, true
		}
	}
	return "", false
}

// Count writes a number and what it counts: "1 packet dropped", "2 packets dropped".
func Count(n uint64, of string) string {
	return strconv.FormatUint(n, 10) + " " + Noun(n, of)
}

// Noun replaces the * of a noun, as in "packet* dropped", by an s, or if n is 1 by nothing.
func Noun(n uint64, of string) string {
	ending := "s"
	if n == 1 {
		ending = ""
	}
	return strings.Replace(of, "*", ending, 1)
}

// List joins words: "eth0", "eth0 and lo", "a, b and c".
func List(words []string) string {
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " and " + words[last]
}
