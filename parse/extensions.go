package parse

import (
	"math"
	"math/bits"
)

// ExtensionType is a TLS ExtensionType value.
type ExtensionType uint16

// The extensions that this package or its callers read
// (https://www.iana.org/assignments/tls-extensiontype-values).
const (
	ExtServerName           ExtensionType = 0
	ExtSupportedGroups      ExtensionType = 10
	ExtPointFormats         ExtensionType = 11
	extSignatureAlgorithms  ExtensionType = 13
	ExtALPN                 ExtensionType = 16
	extExtendedMasterSecret ExtensionType = 23
	extSessionTicket        ExtensionType = 35
	ExtPreSharedKey         ExtensionType = 41
	ExtEarlyData            ExtensionType = 42
	extSupportedVersions    ExtensionType = 43
	ExtCookie               ExtensionType = 44
	extKeyShare             ExtensionType = 51
	extEncryptedClientHello ExtensionType = 0xfe0d
)

// The numbers of encrypted_client_hello in draft-ietf-tls-esni-08 to -10, and of
// encrypted_server_name in drafts up to 06.
const (
	extECHDraft8  ExtensionType = 0xfe08
	extECHDraft9  ExtensionType = 0xfe09
	extECHDraft10 ExtensionType = 0xfe0a
	extESNI       ExtensionType = 0xffce
)

// GREASE reports whether v is one of the sixteen values that clients send to
// keep servers tolerant (RFC 8701, 2): 0x?a?a with both bytes equal.
func GREASE(v uint16) bool {
	return v&0x0f0f == 0x0a0a && v>>8 == v&0xff
}

// extensionBlock is the extensions block of a hello.
//
// The places of all extensions are found before any extension is read. To read each
// in turn, in the order of the hello, is slower: clients order their extensions
// differently, some in each hello, and the processor mispredicts most branches on
// the type.
type extensionBlock struct {
	list     Extensions
	offset   int // of list in the message's body
	end      int // of the last extension in list that does not run past its end
	oddities Oddities

	seen      extensionSet // types below 64 that are there
	behind    extensionSet // those of them that are followed by others
	encrypted bool         // encrypted_client_hello, or a draft of it, is there
	places    [64]extensionPlace

	n        int // entries of uncommon
	uncommon [maxUncommon]ExtensionType
}

// extensionSet is a set of types below 64.
type extensionSet uint64

func (s extensionSet) has(t ExtensionType) bool { return s>>t&1 != 0 }

// extensionPlace is where in the list the body of the first extension of a type is.
type extensionPlace struct{ start, end uint16 }

// maxUncommon is how many extensions with numbers above 63 are compared with each
// other. Clients send about six. An attacker's hello of 64 kB can have 16,000
// extensions: comparing each with each would take a tenth of a second.
const maxUncommon = 32

// read finds the extensions of the block that rest, the unread end of body, begins
// with. On an error, those are found that come before it.
func (b *extensionBlock) read(body []byte, rest reader) error {
	if !rest.vector16((*[]byte)(&b.list)) {
		return b.readCut(body, rest)
	}
	if len(rest) > 0 {
		b.oddities |= trailingBytes
	}
	b.offset = len(body) - len(rest) - len(b.list)
	b.walk()
	if b.end < len(b.list) {
		b.last()
		return &ParseError{What: "extension", Offset: b.offset + b.end}
	}
	return nil
}

// readCut is read for a block that runs past the end of the body.
func (b *extensionBlock) readCut(body []byte, rest reader) error {
	err := runsPast("extensions", body, rest)
	b.oddities |= MalformedHello
	if len(rest) >= 2 {
		b.list = Extensions(rest[2:min(len(rest), math.MaxUint16)])
		b.offset = len(body) - len(rest) + 2
		b.walk()
		b.last()
	}
	return err
}

// last notes an extension at the end of the list that runs past that end.
func (b *extensionBlock) last() {
	b.oddities |= MalformedHello
	rest := b.list[b.end:]
	if len(rest) < extensionHeader {
		return
	}
	if typ := ExtensionType(be16(rest)); typ < 64 && !b.seen.has(typ) {
		b.seen |= 1 << typ
		b.places[typ] = extensionPlace{uint16(b.end + extensionHeader), uint16(len(b.list))}
	}
}

// walk finds the places of all extensions. It keeps its state in local variables,
// which stay in registers: storing it in b for each extension takes a fifth longer.
func (b *extensionBlock) walk() {
	list, seen, behind, at := b.list, b.seen, b.behind, 0
	for len(list)-at >= extensionHeader {
		header := list[at:]
		typ, start := ExtensionType(be16(header)), at+extensionHeader
		end := start + int(be16(header[2:]))
		if end > len(list) {
			break
		}
		at = end
		switch {
		case typ >= 64:
			if b.addUncommon(typ) {
				behind |= seen
			}
		case seen.has(typ):
			b.oddities |= duplicateExtension
		default:
			behind |= seen
			seen |= 1 << typ
			b.places[typ] = extensionPlace{uint16(start), uint16(end)}
		}
	}
	b.seen, b.behind, b.end = seen, behind, at
}

// addUncommon notes an extension with a number above 63, and reports whether it is
// the first of its type.
func (b *extensionBlock) addUncommon(t ExtensionType) bool {
	for _, u := range b.uncommon[:b.n] {
		if u == t {
			b.oddities |= duplicateExtension
			return false
		}
	}
	switch t {
	case extEncryptedClientHello, extECHDraft8, extECHDraft9, extECHDraft10, extESNI: // RFC 9849, 5
		b.encrypted = true
	}
	if b.n == maxUncommon {
		b.oddities |= manyExtensions
		return true
	}
	b.uncommon[b.n] = t
	b.n++
	return true
}

// body returns the body of the first extension of a type below 64.
func (b *extensionBlock) body(t ExtensionType) (data []byte, there bool) {
	if !b.seen.has(t) {
		return nil, false
	}
	p := b.places[t]
	return b.list[p.start:p.end:p.end], true
}

// framed returns the extensions up to the first that runs past the end.
func (b *extensionBlock) framed() Extensions { return b.list[:b.end:b.end] }

// The functions below read the bodies of extensions that hold one list. Of an
// ill-formed body they return what is there, and note the oddity.

// list16 returns the content of a vector with a length of two bytes.
func list16(data []byte, o *Oddities) []byte {
	if len(data) >= 2 && int(be16(data)) == len(data)-2 {
		return data[2:]
	}
	*o |= malformedExtension
	if len(data) < 2 {
		return nil
	}
	return data[2:min(len(data), 2+int(be16(data)))]
}

// list8 returns the content of a vector with a length of one byte.
func list8(data []byte, o *Oddities) []byte {
	if len(data) >= 1 && int(data[0]) == len(data)-1 {
		return data[1:]
	}
	*o |= malformedExtension
	if len(data) < 1 {
		return nil
	}
	return data[1:min(len(data), 1+int(data[0]))]
}

// uint16s returns list as 16-bit numbers.
func uint16s(list []byte, o *Oddities) Uint16s {
	if len(list)%2 != 0 {
		*o |= oddLengthList
	}
	return Uint16s(list)
}

// protocols returns an ALPN list (RFC 7301, 3.1) up to the first name that is
// ill-formed.
func protocols(data []byte, o *Oddities) Protocols {
	list := list16(data, o)
	end := 0
	for end < len(list) && end+1+int(list[end]) <= len(list) {
		if list[end] == 0 {
			*o |= malformedExtension
		}
		end += 1 + int(list[end])
	}
	if end < len(list) {
		*o |= malformedExtension
	}
	return Protocols(list[:end:end])
}

// Oddities is a set of faults of a message that do not keep it from being read.
type Oddities uint16

// The oddities.
const (
	duplicateExtension  Oddities = 1 << iota // an extension type twice; the first one counts
	malformedExtension                       // the body of an extension known here is ill-formed
	trailingBytes                            // bytes after the end of the message's last field
	oddLengthList                            // a list of 16-bit numbers with an odd number of bytes
	emptyServerName                          // server_name without a name, or with an empty one
	severalServerNames                       // more than one name in server_name; the first host_name counts
	longSessionID                            // legacy_session_id of more than 32 bytes
	noCipherSuites                           // an empty cipher list
	noNullCompression                        // no null compression method, which is mandatory
	preSharedKeyNotLast                      // pre_shared_key is not the last extension (RFC 8446, 4.2.11)
	manyExtensions                           // more than maxUncommon extensions with numbers above 63: not all were compared for duplicates
	MalformedHello                           // lengths in the hello disagree: fields are missing, or cut
)

var oddityNames = [...]string{
	"duplicate_extension", "malformed_extension", "trailing_bytes", "odd_length_list",
	"empty_sni", "several_sni", "long_session_id", "no_cipher_suites",
	"no_null_compression", "pre_shared_key_not_last", "many_extensions", "malformed_hello",
}

// AppendNames appends the names of the set's members to dst, in a fixed order, as
// they are in "anomalies" of an event.
func (o Oddities) AppendNames(dst []string) []string {
	for ; o != 0; o &= o - 1 {
		dst = append(dst, oddityNames[bits.TrailingZeros16(uint16(o))])
	}
	return dst
}
