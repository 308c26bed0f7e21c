package handshake

import (
	"math/bits"
	"slices"
)

// anomalies is a set of what is odd about a connection's records and messages.
// What is odd about its hellos is in their parse.Oddities.
type anomalies uint32

const (
	emptyRecord anomalies = 1 << iota
	oversizedRecord
	oversizedMessage
	helloSplitRecords
	badCertificate
	earlyChangeCipherSpec // a ChangeCipherSpec, and what followed was not protected
	heartbeatRecord       // in clear (RFC 6520)
	unknownRecordType
	longPreamble // more came before TLS than is looked at
	unknownHandshakeType
	helloRequest
	alertSplitRecords     // an alert cut over two records
	severalAlerts         // more than one in a record
	malformedAlert        // an alert that is neither plaintext nor can be protected
	serverHelloFromClient // it does not count
	clientHelloFromServer // it does not count
	helloCut              // only the beginning of a hello that counts was captured
)

// anomalyNames are the names of the set's members, as an event has them.
var anomalyNames = [...]string{
	"empty_record", "oversized_record", "oversized_message", "hello_split_records", "malformed_certificate",
	"early_change_cipher_spec", "heartbeat_record", "unknown_record_type", "long_preamble", "unknown_handshake_type",
	"hello_request", "alert_split_records", "several_alerts_in_record", "malformed_alert",
	"server_hello_from_client", "client_hello_from_server",
	"hello_cut",
}

func (a *anomalies) add(x anomalies) { *a |= x }

// AppendAnomalies appends to dst the names of what was odd about the connection's
// records and messages, each once, in a fixed order.
func (m *Machine) AppendAnomalies(dst []string) []string {
	all := m.anomalies
	if m.clientHello.cut || m.serverHello.cut {
		all.add(helloCut)
	}
	if m.spare != nil && m.spare.serverHello != nil {
		all.add(serverHelloFromClient)
	}
	for ; all != 0; all &= all - 1 {
		dst = append(dst, anomalyNames[bits.TrailingZeros32(uint32(all))])
	}
	return dst
}

// LongPreamble reports whether more came before TLS than is looked at.
func (m *Machine) LongPreamble() bool { return m.anomalies&longPreamble != 0 }

// Anomalies lists the names that AppendAnomalies can append.
func Anomalies() []string { return slices.Clone(anomalyNames[:]) }
