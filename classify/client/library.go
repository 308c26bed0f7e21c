package client

import (
	"path"
	"slices"
	"strings"

	"tlsfloor/classify"
)

// libraryFiles are TLS libraries by the beginning of their files' names; the first that
// matches counts. Distributions keep a soname for several versions: Debian's
// libssl.so.1.0.0 is OpenSSL 1.0.1 and 1.0.2, too, and so is Red Hat's libssl.so.10.
var libraryFiles = []struct{ prefix, id, version string }{
	{"libssl.so.0.9.8", "openssl-0.9.8", "0.9.8"},
	{"libssl.so.1.0.1", "openssl-1.0.1", "1.0.1"},
	{"libssl.so.1.0.2", "openssl-1.0.2", "1.0.2"},
	{"libssl.so.1.0.0", "openssl", "1.0.0 to 1.0.2"},
	{"libssl.so.10", "openssl", "1.0.0 to 1.0.2"},
	{"libssl.so.1.1.1", "openssl-1.1.1", "1.1.1"},
	{"libssl.so.1.1.0", "openssl-1.1.0", "1.1.0"},
	{"libssl.so.1.1", "openssl", "1.1.0 to 1.1.1"},
	{"libssl.so.3", "openssl-3", "3"},
	{"libressl", "libressl", ""},
	{"libssl3.so", "nss", ""},
	{"libnss3.so", "nss", ""},
	{"libgnutls.so", "gnutls", ""},
	{"libgnutls-openssl.so", "gnutls", ""},
	{"libmono-btls", "boringssl", ""},
	{"libmonobtls", "boringssl", ""},
	{"libboringssl", "boringssl", ""},
	{"libconscrypt", "boringssl", ""},
	{"librustls", "rustls", ""},
	{"libtls.so", "libressl", ""}, // LibreSSL's own API
	{"libmbedtls.so", "mbedtls", ""},
	{"libwolfssl.so", "wolfssl", ""},
}

// libraryOf returns the TLS library among files; nil when there is none. Of several, such
// as OpenSSL and the GnuTLS of Debian's libldap in psql, the hello shows which one was
// used; nil when that is not known.
func libraryOf(files []string, hello *classify.Software) *classify.Software {
	var all, agreeing []*classify.Software
	for _, file := range files {
		s := libraryFile(path.Base(file))
		if s == nil || slices.ContainsFunc(all, func(o *classify.Software) bool { return s.ID == o.ID && s.Version == o.Version }) {
			continue
		}
		all = append(all, s)
		if hello != nil && agree(s, hello) {
			agreeing = append(agreeing, s)
		}
	}
	switch {
	case len(all) == 1:
		return all[0]
	case len(agreeing) == 1:
		return agreeing[0]
	}
	return nil
}

func libraryFile(base string) *classify.Software {
	base = withoutHash(base)
	if isLibreSSL(base) {
		base = "libressl"
	}
	for _, l := range libraryFiles {
		rest, ok := strings.CutPrefix(base, l.prefix)
		if !ok || rest != "" && '0' <= rest[0] && rest[0] <= '9' { // libssl.so.3, not .35
			continue
		}
		name := softwareNames[l.id]
		return &classify.Software{
			ID: l.id, Name: name, Version: l.version, Library: strings.TrimSpace(name + " " + l.version),
			Confidence: classify.Medium, Because: []string{"process.library"},
		}
	}
	return nil
}

// withoutHash returns the name that a library had before Python's auditwheel put eight
// digits of its hash into it: libssl-81ffa89e.so.1.1.
func withoutHash(base string) string {
	const digits = 8
	dot := strings.Index(base, ".so")
	if dot < digits+1 || base[dot-digits-1] != '-' || strings.Trim(base[dot-digits:dot], "0123456789abcdef") != "" {
		return base
	}
	return base[:dot-digits-1] + base[dot:]
}

// isLibreSSL reports whether base is LibreSSL's libssl, whose soname has a number of 26
// or above.
func isLibreSSL(base string) bool {
	soname, ok := strings.CutPrefix(base, "libssl.so.")
	major, _, _ := strings.Cut(soname, ".")
	return ok && len(major) == 2 && major >= "26"
}

// frameworks are programs that are recognised by a library.
var frameworks = []struct{ prefix, id string }{
	{"libSystem.Security.Cryptography.Native.OpenSsl", "dotnet-core"},
	{"libSystem.Net.Security.Native", "dotnet-core"},
	{"libaws-cpp-sdk-core", "aws-sdk-cpp"},
	{"UnityPlayer.so", "unity"},
	{"libmono-btls", "mono"},
	{"libmonobtls", "mono"},
	{"libmonosgen", "mono"},
}

func frameworkOf(files []string) (id string, ok bool) {
	for _, f := range frameworks {
		if slices.ContainsFunc(files, func(file string) bool { return strings.HasPrefix(path.Base(file), f.prefix) }) {
			return f.id, true
		}
	}
	return "", false
}

// familyOf returns the id of a library without its generation.
func familyOf(id string) string {
	for _, family := range []string{"openssl", "schannel"} {
		if strings.HasPrefix(id, family+"-") {
			return family
		}
	}
	switch {
	case strings.HasPrefix(id, "java-"):
		return "java-jsse"
	case id == inspection:
		return "openssl"
	}
	return id
}
