package sensor

import (
	"math/bits"

	"tlsfloor/capture/decode"
)

// oddities is a set of what was odd about a connection's packets and records.
// Those of its hellos are parse.Oddities.
type oddities uint16

const (
	fragmentOverlap oddities = 1 << iota
	fragmentTiny
	tcpConflict
	emptyRecord
	oversizedRecord
	helloSplitRecords
	badCertificate
)

var oddityNames = [...]string{
	"ip_fragment_overlap", "ip_fragment_tiny", "tcp_conflict",
	"empty_record", "oversized_record", "hello_split_records", "malformed_certificate",
}

func (o *oddities) add(x oddities) { *o |= x }

func (o *oddities) addDecoded(a decode.Anomaly) {
	if a&decode.FragmentOverlap != 0 {
		*o |= fragmentOverlap
	}
	if a&decode.FragmentTiny != 0 {
		*o |= fragmentTiny
	}
}

// appendNames appends the names of the set's members to dst.
func (o oddities) appendNames(dst []string) []string {
	for ; o != 0; o &= o - 1 {
		dst = append(dst, oddityNames[bits.TrailingZeros16(uint16(o))])
	}
	return dst
}
