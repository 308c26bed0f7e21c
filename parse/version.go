package parse

import (
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
)

var versionNames = map[Version]string{
	SSLv2: "SSLv2", SSLv3: "SSLv3", TLSv1: "TLSv1", TLSv11: "TLSv1.1", TLSv12: "TLSv1.2", TLSv13: "TLSv1.3",
	DTLSv1: "DTLSv1", DTLSv12: "DTLSv1.2", DTLSv13: "DTLSv1.3",
}

// String returns the name that OpenSSL and CloudTrail use. A draft of TLS 1.3 is
// "TLSv1.3-draft23", an unknown number "0xNNNN".
func (v Version) String() string {
	if name, ok := versionNames[v]; ok {
		return name
	}
	if v.IsDraft13() {
		return "TLSv1.3-draft" + strconv.Itoa(int(v&0xff))
	}
	return fmt.Sprintf("0x%04x", uint16(v))
}

// IsDraft13 reports whether v is the number of a draft of TLS 1.3: 0x7fNN in the
// drafts of RFC 8446, or Facebook's 0xfbNN.
func (v Version) IsDraft13() bool { return v>>8 == 0x7f || v>>8 == 0xfb }

// Rank returns a version for comparisons: that of a draft of TLS 1.3 is TLSv13.
func (v Version) Rank() Version {
	if v.IsDraft13() {
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
		if r := v.Rank(); r > highest && r <= TLSv13 {
			highest = r
		}
	}
	if highest == 0 {
		return legacy
	}
	return highest
}
