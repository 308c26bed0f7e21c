package handshake

import (
	"slices"
	"unsafe"

	"tlsfloor/parse"
	"tlsfloor/parse/starttls"
)

// unfinished is what the last call has left for the next one: a set.
type unfinished uint8

const (
	ended          unfinished = 1 << iota // the direction, or all, with the Message that was returned
	handedOut                             // the Message is in the buffer of messages
	wrappedDue                            // TLS bytes from another protocol's packets
	spareDue                              // the ServerHello in spare
	certificateDue                        // that of an SSLv2 SERVER-HELLO
)

// phase is how far the TLS of a direction has come.
type phase uint8

const (
	opening phase = iota // nothing was recognised yet
	records              // TLS records in clear
	over                 // nothing more is wanted

	talking // of state only: another protocol's turn
)

// side is one direction of a connection.
type side struct {
	records   parse.RecordStream
	phase     phase
	talking   bool // another protocol speaks, and may upgrade or carry TLS in its packets
	upgraded  bool // TLS must begin here: the other protocol said so, or the capture lost what was before
	sent      bool // it sent something
	split     bool // the handshake message under way is spread over records
	protected bool // it went on to protected records
	changed   change
	half      uint8 // the level of an alert that is cut behind it, or brokenAlert; 0: none
	blind     bool  // what came after is not known: bytes were lost, or are no TLS
	alerted   bool  // alert is valid
	alert     parse.Alert
}

// change is what is known of a ChangeCipherSpec.
type change uint8

const (
	unchanged change = iota
	changed          // it came, and nothing yet that shows whether it counts
	undecided        // the same, and what is here of the next record is too short to show it
)

// state is what decides which protocol takes the side's next bytes.
func (s *side) state() phase {
	if s.talking {
		return talking
	}
	return s.phase
}

// encrypted reports whether the direction went on to protected records, as far
// as is known.
func (s *side) encrypted() bool { return s.protected || s.changed != unchanged }

// role is the direction in which an end sends, once that is known.
type role uint8

const unknownRole role = 0

func roleIn(d Dir) role { return role(d) + 1 }

// dir is the direction of a role that is known.
func (r role) dir() Dir { return Dir(r - 1) }

// clientHello is what decides how the rest of a handshake is read, of the
// ClientHello that counts.
type clientHello struct {
	seen   bool
	cut    bool // only the beginning of the hello was captured, or collected
	long   bool // it was captured, and was too long
	record parse.Version
}

// serverHello is the same of the ServerHello that counts: the final one, or a
// HelloRetryRequest that nothing came after.
type serverHello struct {
	seen      bool
	retry     bool // it is a HelloRetryRequest
	cut       bool // as a clientHello's
	long      bool
	certified bool // a certificate was read behind it, or before any hello
	version   parse.Version
}

// spare is the hellos that were not taken because of their direction, while the end
// that accepted the connection is taken for the client. Should each end turn out to
// have said both, the end that opened the connection is the client, and these count:
// the capture may have the server's packets first, or behind a hole. They are read
// when they count.
type spare struct{ clientHello, serverHello []byte }

func (x *spare) size() int {
	return int(unsafe.Sizeof(*x)) + cap(x.clientHello) + cap(x.serverHello)
}

// prelude is what came before TLS in a connection, or around it. Few have one.
type prelude struct {
	starttls.Preamble
	wrapped [2][]byte // by direction: TLS bytes from another protocol's packets
	read    [2]int    // by direction: how many of them were consumed
}

// maxWrapped bounds the TLS bytes of a direction that came in another protocol's
// packets and wait for others.
const maxWrapped = parse.MaxFragment

func (p *prelude) size() int {
	return int(unsafe.Sizeof(*p)) + cap(p.wrapped[0]) + cap(p.wrapped[1])
}

// wrap adds TLS bytes that came in another protocol's packet.
func (p *prelude) wrap(d Dir, inner []byte) {
	b := &p.wrapped[d.index()]
	*b = append((*b)[:copy(*b, p.unread(d))], inner...)
	p.read[d.index()] = 0
}

// unread are the wrapped bytes that are not consumed.
func (p *prelude) unread(d Dir) []byte { return p.wrapped[d.index()][p.read[d.index()]:] }

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

// Anomalies lists the names that AppendAnomalies can append.
func Anomalies() []string { return slices.Clone(anomalyNames[:]) }
