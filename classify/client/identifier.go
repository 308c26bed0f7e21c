package client

import (
	"slices"

	"tlsfloor/classify"
	"tlsfloor/parse"
)

// Identifier identifies software by its hellos. It is for one goroutine. It searches
// tables for each hello, so callers should cache the result for hellos with the same
// contents.
type Identifier struct {
	traits traits // used again for each hello
}

// NewIdentifier makes an Identifier.
func NewIdentifier() *Identifier { return new(Identifier) }

// Hello returns the software that h shows; nil: unknown. record is the version in the
// header of its record. ja3 and ja4 are the fingerprints of h, or empty. h is not kept;
// the result is shared and read-only. Nothing is allocated. The result depends on the
// key of fingerprint.AppendClientKey, on record, and on Greased.
func (i *Identifier) Hello(h *parse.ClientHello, record parse.Version, ja3, ja4 string) *classify.Software {
	if s := fingerprints[ja3]; s != nil {
		return s
	}
	if s := fingerprints[ja4]; s != nil {
		return s
	}
	return i.byTraits(h, record)
}

func (i *Identifier) byTraits(h *parse.ClientHello, record parse.Version) *classify.Software {
	if !i.traits.read(h, factsOf(h, record)) {
		return nil
	}
	for n := range helloRows {
		if r := &helloRows[n]; r.fits(&i.traits) {
			return r.software
		}
	}
	return nil
}

// IDs returns the ID of all software, in order.
func IDs() []string {
	ids := make([]string, 0, len(softwareNames))
	for id := range softwareNames {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// inspection is a proxy, a firewall or a virus scanner that speaks for a browser. Its
// rows are hellos of OpenSSL with the ciphers of browsers that have no OpenSSL.
const inspection = "tls-inspection"

// softwareNames are the names of all software, by ID.
var softwareNames = map[string]string{
	"nodejs": "Node.js", "aws-cli-1": "AWS CLI 1", "aws-cli-2": "AWS CLI 2",
	"python": "Python", "ruby": "Ruby", "go": "Go", "java": "Java", "php": "PHP", "perl": "Perl",
	"curl": "curl", "wget": "Wget", "git": "Git", "docker": "Docker",
	"mono": "Mono", "dotnet-core": ".NET (Core)",
	"powershell-windows": "Windows PowerShell", "powershell-core": "PowerShell 6 or later",
	"unity": "Unity", "aws-sdk-cpp": "AWS SDK for C++",
	"chrome": "Chrome or Chromium", "edge": "Edge", "internet-explorer": "Internet Explorer",
	"firefox": "Firefox",

	"openssl": "OpenSSL", "openssl-0.9.8": "OpenSSL", "openssl-1.0.0": "OpenSSL", "openssl-1.0.1": "OpenSSL",
	"openssl-1.0.2": "OpenSSL", "openssl-1.1.0": "OpenSSL", "openssl-1.1.1": "OpenSSL", "openssl-3": "OpenSSL",
	"libressl": "LibreSSL", "boringssl": "BoringSSL", "gnutls": "GnuTLS", "nss": "NSS",
	"erlang": "Erlang", "botan": "Botan", "android": "Android", "axtls": "axTLS", "bearssl": "BearSSL",
	inspection: "something that inspects TLS",
	"mbedtls":  "Mbed TLS", "wolfssl": "wolfSSL", "rustls": "rustls", "mono-tls": "Mono's own TLS",
	"securetransport": "Secure Transport",
	"java-jsse":       "Java", "java-6": "Java", "java-8": "Java", "java-11": "Java",
	"schannel": "Schannel (Windows)", "schannel-xp": "Schannel (Windows)", "schannel-vista": "Schannel (Windows)",
	"schannel-7":  "Schannel (Windows)",
	"schannel-10": "Schannel (Windows)", "schannel-11": "Schannel (Windows)",
}
