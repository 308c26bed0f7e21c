package sensor

import (
	"math/bits"

	"tlsfloor/capture/decode"
)

// oddities is a set of what was odd about a connection's packets and records.
// Those of its hellos are parse.Oddities.
type oddities uint32

const (
	fragmentOverlap oddities = 1 << iota
	fragmentTiny
	fragmentConflict
	tcpConflict
	tcpOverflow
	emptyRecord
	oversizedRecord
	oversizedMessage
	helloSplitRecords
	badCertificate
	earlyChangeCipherSpec // a ChangeCipherSpec, and what followed was not protected
	heartbeatRecord       // in clear (RFC 6520)
	unknownRecordType
	longPreamble
	unknownHandshakeType
	helloRequest
	alertSplitRecords     // an alert cut over two records
	severalAlerts         // more than one in a record
	malformedAlert        // an alert that is neither plaintext nor can be protected
	serverHelloFromClient // not taken for an answer
	clientHelloFromServer // not taken for a hello
	helloCut
)

var oddityNames = [...]string{
	"ip_fragment_overlap", "ip_fragment_tiny", "ip_fragment_conflict", "tcp_conflict", "tcp_overflow",
	"empty_record", "oversized_record", "oversized_message", "hello_split_records", "malformed_certificate",
	"early_change_cipher_spec", "heartbeat_record", "unknown_record_type", "long_preamble", "unknown_handshake_type",
	"hello_request", "alert_split_records", "several_alerts_in_record", "malformed_alert",
	"server_hello_from_client", "client_hello_from_server",
	"hello_cut",
}

func (o *oddities) add(x oddities) { *o |= x }

func (o *oddities) addDecoded(a decode.Anomaly) {
	if a&decode.FragmentOverlap != 0 {
		*o |= fragmentOverlap
	}
	if a&decode.FragmentTiny != 0 {
		*o |= fragmentTiny
	}
	if a&decode.FragmentConflict != 0 {
		*o |= fragmentConflict
	}
}

// appendNames appends the names of the set's members to dst.
func (o oddities) appendNames(dst []string) []string {
	for ; o != 0; o &= o - 1 {
		dst = append(dst, oddityNames[bits.TrailingZeros32(uint32(o))])
	}
	return dst
}
