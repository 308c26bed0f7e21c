package certificate

import (
	"encoding/binary"
	"encoding/hex"
	"strconv"
	"strings"
	"unicode/utf16"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// Object identifiers, encoded, without tag and length.
const (
	oidSubjectAltName = "\x55\x1d\x11"
	oidCommonName     = "\x55\x04\x03"
)

// attributeNames are the short names of attribute types (RFC 4514, 3), and
// emailAddress, which old certificates have.
var attributeNames = map[string]string{
	oidCommonName:  "CN",
	"\x55\x04\x06": "C",
	"\x55\x04\x07": "L",
	"\x55\x04\x08": "ST",
	"\x55\x04\x09": "STREET",
	"\x55\x04\x0a": "O",
	"\x55\x04\x0b": "OU",
	"\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19": "DC",
	"\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x01": "UID",
	"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01":     "emailAddress",
}

// bmpString is the tag of UTF-16 text.
const bmpString = asn1.Tag(30)

// Name is a view of a distinguished name: the content of an RDNSequence, DER
// (RFC 5280, 4.1.2.4).
type Name []byte

// attribute is an AttributeTypeAndValue.
type attribute struct {
	id, value []byte
	tag       asn1.Tag
	first     bool // the first of its RelativeDistinguishedName
}

// nameReader iterates over the attributes of a Name.
type nameReader struct {
	names, set cryptobyte.String
}

// next returns the next attribute. It returns false at the end, or where the name
// stops being well-formed.
func (r *nameReader) next() (a attribute, ok bool) {
	if r.set.Empty() {
		a.first = true
		if r.names.Empty() || !r.names.ReadASN1(&r.set, asn1.SET) {
			return a, false
		}
	}
	var pair cryptobyte.String
	ok = r.set.ReadASN1(&pair, asn1.SEQUENCE) &&
		pair.ReadASN1((*cryptobyte.String)(&a.id), asn1.OBJECT_IDENTIFIER) &&
		pair.ReadAnyASN1((*cryptobyte.String)(&a.value), &a.tag)
	return a, ok
}

// CommonName returns the last commonName, which is the most specific one, or nil.
// It is a view, unless it was encoded in UTF-16: then it is a copy in UTF-8.
func (n Name) CommonName() []byte {
	var name []byte
	for r := (nameReader{names: cryptobyte.String(n)}); ; {
		a, ok := r.next()
		if !ok {
			return name
		}
		if string(a.id) == oidCommonName {
			name = a.text()
		}
	}
}

// String returns the name in the format of RFC 4514, the most specific part first:
// "CN=a.example,O=Example". Only special characters and ASCII control characters
// are escaped; all other bytes are copied, whatever their encoding.
func (n Name) String() string {
	var attributes []attribute
	for r := (nameReader{names: cryptobyte.String(n)}); ; {
		a, ok := r.next()
		if !ok {
			break
		}
		attributes = append(attributes, a)
	}
	var b strings.Builder
	for end := len(attributes); end > 0; {
		start := end - 1
		for start > 0 && !attributes[start].first {
			start--
		}
		writeRDN(&b, attributes[start:end])
		end = start
	}
	return b.String()
}

// writeRDN appends one RelativeDistinguishedName, with the separator before it.
func writeRDN(b *strings.Builder, attributes []attribute) {
	for i, a := range attributes {
		switch {
		case i > 0:
			b.WriteByte('+')
		case b.Len() > 0:
			b.WriteByte(',')
		}
		b.WriteString(a.String())
	}
}

// text returns the value as text.
func (a attribute) text() []byte {
	if a.tag != bmpString {
		return a.value
	}
	units := make([]uint16, 0, len(a.value)/2)
	for list := a.value; len(list) >= 2; list = list[2:] {
		units = append(units, binary.BigEndian.Uint16(list))
	}
	return []byte(string(utf16.Decode(units)))
}

func (a attribute) String() string {
	name, ok := attributeNames[string(a.id)]
	if !ok {
		return dotted(a.id) + "=#" + hex.EncodeToString(a.value)
	}
	return name + "=" + escapeName(a.text())
}

// escapeName escapes special characters as RFC 4514, 2.4 requires, and control
// characters too.
func escapeName(value []byte) string {
	var b strings.Builder
	for i, c := range value {
		edge := c == ' ' && (i == 0 || i == len(value)-1) || c == '#' && i == 0
		switch {
		case c < ' ' || c == 0x7f:
			b.WriteString(`\` + hex.EncodeToString([]byte{c}))
		case edge || strings.IndexByte(`"+,;<>\`, c) >= 0:
			b.WriteString(`\` + string(rune(c)))
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// dotted returns an object identifier in dotted form: "2.5.4.5". Arcs above 2^64
// lose their upper bits.
func dotted(id []byte) string {
	var b strings.Builder
	arc, arcs := uint64(0), 0
	for _, c := range id {
		arc = arc<<7 | uint64(c&0x7f)
		if c&0x80 != 0 {
			continue
		}
		if arcs == 0 {
			top := min(arc/40, 2)
			b.WriteString(strconv.FormatUint(top, 10))
			arc -= 40 * top
		}
		b.WriteString("." + strconv.FormatUint(arc, 10))
		arc, arcs = 0, arcs+1
	}
	return b.String()
}
