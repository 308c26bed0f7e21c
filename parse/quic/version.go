package quic

import (
	"encoding/binary"
	"strconv"
	"strings"
)

// Version is the version field of a long header.
type Version uint32

// The versions with a name of their own.
const (
	V1 Version = 0x00000001 // RFC 9000
	V2 Version = 0x6b3343cf // RFC 9369

	negotiation Version = 0 // the packet is a Version Negotiation (RFC 9000, 17.2.1)
)

// String returns "v1", "v2", "draft-29", the four characters of a Google version, such
// as "Q046", or "0x" and eight digits.
func (v Version) String() string {
	switch {
	case v == V1:
		return "v1"
	case v == V2:
		return "v2"
	case v.isDraft():
		return "draft-" + strconv.Itoa(int(v&0xff))
	case v.isGoogle():
		return string([]byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)})
	}
	const digits = "0123456789abcdef"
	b := []byte("0x")
	for shift := 28; shift >= 0; shift -= 4 {
		b = append(b, digits[v>>shift&0xf])
	}
	return string(b)
}

// ParseVersion returns the version that a name stands for: see String.
func ParseVersion(name []byte) (v Version, ok bool) {
	switch digits := string(name); {
	case digits == "v1":
		return V1, true
	case digits == "v2":
		return V2, true
	case strings.HasPrefix(digits, "draft-"):
		n, err := strconv.ParseUint(digits[len("draft-"):], 10, 8)
		return 0xff000000 | Version(n), err == nil && n > 0
	case len(digits) == len("Q043"):
		v = Version(binary.BigEndian.Uint32(name))
		return v, v.isGoogle()
	case len(digits) == len("0x00000001") && digits[:2] == "0x":
		n, err := strconv.ParseUint(digits[2:], 16, 32)
		return Version(n), err == nil
	}
	return 0, false
}

func (v Version) isDraft() bool { return v>>8 == 0xff0000 && v != 0xff000000 }

// isGoogle reports whether v is "Q0" or "T0" and two digits: Google's own versions.
func (v Version) isGoogle() bool {
	digit := func(b byte) bool { return b >= '0' && b <= '9' }
	return (v>>16 == 'Q'<<8|'0' || v>>16 == 'T'<<8|'0') && digit(byte(v>>8)) && digit(byte(v))
}

// isRegistered reports whether v is in a range that somebody uses: the numbers reserved
// for standards and drafts, those that force a Version Negotiation (RFC 9000, 15), and
// those of Google, Facebook, Microsoft and picoquic in IANA's registry.
func (v Version) isRegistered() bool {
	switch {
	case v>>16 == 0, v>>16 == 0xff00, v>>16 == 0xff02, v&0x0f0f0f0f == 0x0a0a0a0a, v.isGoogle():
		return true
	case v>>8 == 0xfaceb0, v>>8 == 0xabcd00, v>>8 == 0x504351, v == 0x709a50c4:
		return true
	}
	return false
}

// construction is how a version makes the keys of Initial packets: an index in salts,
// or unread.
type construction int8

const (
	unread construction = iota - 1 // Initial packets of the version are not read
	ofV1                           // RFC 9001, 5.2
	ofV2                           // RFC 9369, 3.3: labels and packet types differ, too
	ofDraft29
	ofDraft23
	ofDraft22
	ofDraft21 // it and older ones have another header
	ofDraft17
	ofT050
	ofT051

	constructions
)

// salts are the salts of the Initial secrets. They are no secret: RFC 9001, 5.2, and the
// section of the same number in its drafts; Google's are in Chromium.
var salts = [constructions]string{
	ofV1:      "\x38\x76\x2c\xf7\xf5\x59\x34\xb3\x4d\x17\x9a\xe6\xa4\xc8\x0c\xad\xcc\xbb\x7f\x0a",
	ofV2:      "\x0d\xed\xe3\xde\xf7\x00\xa6\xdb\x81\x93\x81\xbe\x6e\x26\x9d\xcb\xf9\xbd\x2e\xd9",
	ofDraft29: "\xaf\xbf\xec\x28\x99\x93\xd2\x4c\x9e\x97\x86\xf1\x9c\x61\x11\xe0\x43\x90\xa8\x99",
	ofDraft23: "\xc3\xee\xf7\x12\xc7\x2e\xbb\x5a\x11\xa7\xd2\x43\x2b\xb4\x63\x65\xbe\xf9\xf5\x02",
	ofDraft17: "\xef\x4f\xb0\xab\xb4\x74\x70\xc4\x1b\xef\xcf\x80\x31\x33\x4f\xae\x48\x5e\x09\xa0",
	ofDraft21: salt21,
	ofDraft22: salt21,
	ofT050:    "\x7f\xf5\x79\xe5\xac\xd0\x72\x91\x55\x80\x30\x4c\x43\xa2\x36\x7c\x60\x48\x83\x10",
	ofT051:    "\x7a\x4e\xde\xf4\xe7\xcc\xee\x5f\xa4\x50\x6c\x19\x12\x4f\xc8\xcc\xda\x6e\x03\x3d",
}

// salt21 is that of draft 21 and 22.
const salt21 = "\x7f\xbc\xdb\x0e\x7c\x66\xbb\xe9\x19\x3a\x96\xcd\x21\x51\x9e\xbd\x7a\x02\x64\x4a"

// construction is that of v.
func (v Version) construction() construction {
	switch {
	case v == V1, v == 0xff000021, v == 0xff000022:
		return ofV1
	case v == V2:
		return ofV2
	case v >= 0xff00001d && v <= 0xff000020:
		return ofDraft29
	case v >= 0xff000017 && v <= 0xff00001c, v == 0xfaceb002, v == 0xfaceb00e: // mvfst
		return ofDraft23
	case v == 0xff000016, v == 0xfaceb001:
		return ofDraft22
	case v == 0xff000015:
		return ofDraft21
	case v >= 0xff000011 && v <= 0xff000014:
		return ofDraft17
	case v == 'T'<<24|'0'<<16|'5'<<8|'0':
		return ofT050
	case v == 'T'<<24|'0'<<16|'5'<<8|'1':
		return ofT051
	}
	return unread
}

// labels are those of a packet's key, initialisation vector and header protection key.
func (c construction) labels() (key, iv, hp string) {
	if c == ofV2 {
		return "quicv2 key", "quicv2 iv", "quicv2 hp"
	}
	return "quic key", "quic iv", "quic hp"
}
