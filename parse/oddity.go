package parse

import "math/bits"

// Oddities is a set of things about a message that are wrong or unusual and do
// not keep it from being read.
type Oddities uint16

// The oddities.
const (
	DuplicateExtension  Oddities = 1 << iota // an extension type twice; the first one counts
	MalformedExtension                       // the body of an extension known here is ill-formed
	TrailingBytes                            // bytes after the end of the message's last field
	OddLengthList                            // a list of 16-bit numbers with an odd number of bytes
	EmptyServerName                          // server_name without a name, or with an empty one
	SeveralServerNames                       // more than one name in server_name; the first host_name counts
	LongSessionID                            // legacy_session_id of more than 32 bytes
	NoCipherSuites                           // an empty cipher list
	NoNullCompression                        // the compression methods lack null, which is compulsory
	PreSharedKeyNotLast                      // RFC 8446, 4.2.11 wants it last
	ManyExtensions                           // more than maxUncommon extensions with numbers above 63: not all were compared for duplicates
	MalformedHello                           // a length in the hello does not agree with the others: fields are missing, or cut
)

var oddityNames = [...]string{
	"duplicate_extension", "malformed_extension", "trailing_bytes", "odd_length_list",
	"empty_sni", "several_sni", "long_session_id", "no_cipher_suites",
	"no_null_compression", "pre_shared_key_not_last", "many_extensions", "malformed_hello",
}

// AppendNames appends the names of the set's members to dst, in a fixed order,
// as "anomalies" of an event has them.
func (o Oddities) AppendNames(dst []string) []string {
	for ; o != 0; o &= o - 1 {
		dst = append(dst, oddityNames[bits.TrailingZeros16(uint16(o))])
	}
	return dst
}
