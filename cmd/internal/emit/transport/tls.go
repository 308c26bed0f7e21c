package transport

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"

	"tlsfloor/cmd/internal/regular"
)

// TLS are the options of TLS connections to a server, which is always verified.
type TLS struct {
	CA         string // file of CA certificates; empty: the system's
	Cert, Key  string // files of the client's certificate and key; empty: none
	ServerName string // the name in the server's certificate; empty: the address's host
}

// Config reads the files. It also reads the system's certificates, which the sandbox
// hides later.
func (t TLS) Config() (*tls.Config, error) {
	roots, err := t.roots()
	if err != nil {
		return nil, err
	}
	c := &tls.Config{
		RootCAs: roots, ServerName: t.ServerName, MinVersion: tls.VersionTLS12,
		ClientSessionCache: tls.NewLRUClientSessionCache(4),
	}
	if t.Cert == "" {
		return c, nil
	}
	pair, err := t.pair()
	if err != nil {
		return nil, fmt.Errorf("certificate %s with key %s: %w", t.Cert, t.Key, err)
	}
	c.Certificates = []tls.Certificate{pair}
	return c, nil
}

// maxCertificates bounds a file of certificates, in bytes. The system's has 220 KB.
const maxCertificates = 8 << 20

func (t TLS) pair() (pair tls.Certificate, err error) {
	certificate, err := regular.Read(t.Cert, maxCertificates)
	if err != nil {
		return pair, err
	}
	key, err := regular.Read(t.Key, maxCertificates)
	if err != nil {
		return pair, err
	}
	return tls.X509KeyPair(certificate, key)
}

func (t TLS) roots() (*x509.CertPool, error) {
	if t.CA == "" {
		return x509.SystemCertPool()
	}
	text, err := regular.Read(t.CA, maxCertificates)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s holds no certificate in PEM", t.CA)
	}
	return roots, nil
}

// Refused gives err the class Misconfigured if it means that one side rejects the
// other's certificate or version, or does not speak TLS.
func Refused(err error) error {
	var verification *tls.CertificateVerificationError
	var header tls.RecordHeaderError
	var far *net.OpError
	if errors.As(err, &verification) || errors.As(err, &header) ||
		errors.As(err, &far) && far.Op == "remote error" { // an alert, as crypto/tls calls it
		return Wrong(err)
	}
	return err
}
