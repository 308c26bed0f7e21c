package parse

import (
	"bytes"
	"fmt"
	"strconv"
)

// Version is a protocol version number as it is sent.
type Version uint16

// The versions. SSLv2 is the number in an SSLv2 hello that offers nothing higher.
const (
	SSLv2  Version = 0x0002
	SSLv3  Version = 0x0300
	TLSv1  Version = 0x0301
	TLSv11 Version = 0x0302
	TLSv12 Version = 0x0303
	TLSv13 Version = 0x0304

	DTLSv1  Version = 0xfeff
	DTLSv12 Version = 0xfefd
	DTLSv13 Version = 0xfefc

	// dtlsDraft is DTLS 1.0 in OpenSSL up to 0.9.8e, which Cisco's AnyConnect still
	// speaks.
	dtlsDraft Version = 0x0100
)

var versionNames = map[Version]string{
	SSLv2: "SSLv2", SSLv3: "SSLv3", TLSv1: "TLSv1", TLSv11: "TLSv1.1", TLSv12: "TLSv1.2", TLSv13: "TLSv1.3",
	DTLSv1: "DTLSv1", DTLSv12: "DTLSv1.2", DTLSv13: "DTLSv1.3",
}

var versionsByName = func() map[string]Version {
	all := make(map[string]Version)
	for v, name := range versionNames {
		all[name] = v
	}
	return all
}()

const draftName = "TLSv1.3-draft"

// String returns the name that OpenSSL and CloudTrail use. A draft of TLS 1.3 is
// "TLSv1.3-draft23", or "TLSv1.3-draft23-fb" if the number is Facebook's, and an unknown
// number "0xNNNN".
func (v Version) String() string {
	if name, ok := versionNames[v]; ok {
		return name
	}
	switch draft := strconv.Itoa(int(v & 0xff)); v >> 8 {
	case draftIETF:
		return draftName + draft
	case draftFacebook:
		return draftName + draft + "-fb"
	}
	return fmt.Sprintf("0x%04x", uint16(v))
}

// ParseVersion returns the version that a name stands for: see String.
func ParseVersion(name []byte) (v Version, ok bool) {
	if v, ok = versionsByName[string(name)]; ok {
		return v, true
	}
	if draft, is := bytes.CutPrefix(name, []byte(draftName)); is {
		number, facebook := bytes.CutSuffix(draft, []byte("-fb"))
		n, err := strconv.ParseUint(string(number), 10, 8)
		if facebook {
			return draftFacebook<<8 | Version(n), err == nil
		}
		return draftIETF<<8 | Version(n), err == nil
	}
	digits, is := bytes.CutPrefix(name, []byte("0x"))
	n, err := strconv.ParseUint(string(digits), 16, 16)
	return Version(n), is && err == nil
}

// The high bytes of the numbers of drafts of TLS 1.3: those of RFC 8446, and Facebook's.
const draftIETF, draftFacebook = 0x7f, 0xfb

// IsDraft13 reports whether v is the number of a draft of TLS 1.3.
func (v Version) IsDraft13() bool { return v>>8 == draftIETF || v>>8 == draftFacebook }

// IsDTLS reports whether v is a number of DTLS.
func (v Version) IsDTLS() bool { return v>>8 == 0xfe || v == dtlsDraft }

// Rank returns a version for comparisons: that of a draft of TLS 1.3 is TLSv13. Numbers of
// DTLS fall as versions rise. Each version of DTLS has the rank of the TLS that it is made
// of: DTLS 1.0 is TLS 1.1 (RFC 4347, 1).
func (v Version) Rank() Version {
	switch {
	case v == DTLSv13 || v.IsDraft13():
		return TLSv13
	case v == DTLSv12:
		return TLSv12
	case v == DTLSv1 || v == dtlsDraft:
		return TLSv11
	}
	return v
}

// higher returns the higher one of two versions that a ClientHello of version legacy
// offers, by rank. A number that is unknown, or of the other one of TLS and DTLS, does not
// count.
func higher(legacy, highest, v Version) Version {
	r := v.Rank()
	switch {
	case r > TLSv13 || v.IsDTLS() != legacy.IsDTLS() || r <= highest.Rank():
		return highest
	case v.IsDraft13():
		return TLSv13
	}
	return v
}

// MaxVersion returns the highest version that a ClientHello offers: the highest of
// its supported_versions when one of them is known, else legacy (RFC 8446, 4.2.1).
// Unknown numbers do not count, however high they are.
func MaxVersion(legacy Version, supported []Version) Version {
	highest := Version(0)
	for _, v := range supported {
		highest = higher(legacy, highest, v)
	}
	if highest == 0 {
		return legacy
	}
	return highest
}
