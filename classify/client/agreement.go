package client

import (
	"slices"
	"strings"

	"tlsfloor/classify"
)

// ownLibraries are the families of libraries that a program can have. Programs that are
// not listed can be built with any library.
var ownLibraries = map[string][]string{
	"nodejs":    {"nodejs", "openssl", "boringssl"},
	"aws-cli-1": {"openssl", "libressl"},
	"aws-cli-2": {"openssl"},
	"python":    {"openssl", "libressl", "boringssl"},
	"ruby":      {"openssl", "libressl"},
	"erlang":    {"erlang", "openssl", "libressl"}, // fast_tls
	"perl":      {"openssl", "libressl"},
	"go":        {"go", "boringssl"},
	"docker":    {"go"},
	"java":      {"java-jsse", "openssl", "boringssl"}, // Conscrypt, netty-tcnative
	"mono":      {"mono-tls", "boringssl"},
	"chrome":    {"boringssl", "nss"},
	"edge":      {"boringssl", "schannel"},
	"firefox":   {"nss"},

	"dotnet-core":        {"openssl", "schannel", "securetransport"},
	"powershell-core":    {"openssl", "schannel", "securetransport"},
	"powershell-windows": {"schannel"},
	"internet-explorer":  {"schannel"},
}

// addHello compares the process with the hello. A hello of a library that the program
// cannot have means that the program is another one than its name tells, or has an
// added library. The confidence is lower then.
func addHello(s, hello *classify.Software) {
	switch own, known := ownLibraries[s.ID]; {
	case hello == nil:
		return
	case known && !slices.Contains(own, familyOf(hello.ID)), hello.ID == "nodejs" && s.ID != "nodejs":
		s.Confidence = min(s.Confidence, classify.Medium)
		s.Library = hello.Library
		return
	}
	for _, evidence := range hello.Because {
		if !slices.Contains(s.Because, evidence) {
			s.Because = append(s.Because, evidence)
		}
	}
	if s.Library == "" {
		s.Library = hello.Library
	}
	if s.Version == "" && (s.ID == hello.ID || s.ID == "java" && familyOf(hello.ID) == "java-jsse") {
		s.Version = hello.Version
	}
}

// ofLibrary returns the software when the program is not known. Both arguments may be
// nil.
func ofLibrary(library, hello *classify.Software) *classify.Software {
	switch {
	case library == nil:
		return hello
	case hello == nil, hello.ID == inspection && familyOf(library.ID) == "openssl":
		return library // which is asked for a browser's ciphers
	case hello.ID == "nodejs", !agree(library, hello): // Node.js tells more; or the library is loaded, but not used
		return hello
	}
	both := *library
	if library.ID == familyOf(library.ID) && hello.ID != library.ID {
		both = *hello
	}
	both.Confidence = classify.High
	both.Because = append(slices.Clone(library.Because), hello.Because...)
	return &both
}

// agree reports whether both can be the same library.
func agree(a, b *classify.Software) bool {
	aFamily, aVersion := libraryIn(a)
	bFamily, bVersion := libraryIn(b)
	if aFamily != bFamily {
		return false
	}
	if aFamily != "openssl" {
		return true
	}
	aLow, aHigh := generations(aVersion)
	bLow, bHigh := generations(bVersion)
	return aLow <= bHigh && bLow <= aHigh
}

// libraryIn returns the family and the version of the library of s, which is a library
// or Node.js identified by its hello.
func libraryIn(s *classify.Software) (family, version string) {
	if s.ID == "nodejs" {
		return "openssl", strings.TrimPrefix(s.Library, "OpenSSL ")
	}
	return familyOf(s.ID), s.Version
}

var opensslGenerations = [...]string{"0.9.8", "1.0.0", "1.0.1", "1.0.2", "1.1.0", "1.1.1", "3"}

// generations returns the first and last generation of a range of OpenSSL's
// versions; all for an empty one.
func generations(versions string) (low, high int) {
	if versions == "" {
		return 0, len(opensslGenerations) - 1
	}
	from, to, ranged := strings.Cut(versions, " to ")
	if !ranged {
		to = from
	}
	low, high = len(opensslGenerations)-1, 0
	for i, g := range opensslGenerations {
		if strings.HasPrefix(from, g) {
			low = i
		}
		if strings.HasPrefix(to, g) {
			high = i
		}
	}
	return low, high
}
