package handshake

import (
	"slices"
	"unsafe"

	"tlsfloor/parse"
	"tlsfloor/parse/starttls"
)

// unfinished is a set: the work that the last call left for the next one.
type unfinished uint8

const (
	ended           unfinished = 1 << iota // the Message returned was the last of the direction or connection
	messageReturned                        // the bytes of the Message returned are to be freed
	wrappedDue                             // read the TLS bytes from another protocol's packets
	setAsideDue                            // read the ServerHello set aside
	certificateDue                         // read the certificate in the SSLv2 SERVER-HELLO
)

// phase is how far the TLS of a direction has got.
type phase uint8

const (
	unrecognised phase = iota // it is not known yet what the direction carries
	inRecords                 // unencrypted TLS records
	finished                  // no more bytes are needed

	inPreamble // another protocol before TLS; only reader returns it
)

// side is the state of one direction of a connection.
type side struct {
	records      parse.RecordStream
	phase        phase
	inPreamble   bool // the bytes are another protocol's, which may change to TLS or carry it
	expectsTLS   bool // TLS must begin here: after another protocol, or after lost bytes
	sent         bool // bytes were seen
	protected    bool // the direction went on to protected records
	cipherChange cipherChange
	partialAlert uint8       // the level of an alert whose second byte has not come, or brokenAlert; 0: none
	lostTrack    bool        // bytes were lost, or are not TLS: the handshake may have gone on unseen
	alert        parse.Alert // the first, or the fatal one after a warning; Level 0: none
}

// add adds an alert. Of several, the first fatal one is kept; if none is fatal, the
// first.
func (s *side) add(a parse.Alert) {
	if !s.alerted() || a.Level > s.alert.Level {
		s.alert = a
	}
}

// alerted reports whether an alert was read.
func (s *side) alerted() bool { return s.alert.Level != 0 }

// cipherChange is what is known of a ChangeCipherSpec.
type cipherChange uint8

const (
	noChange        cipherChange = iota
	changeSeen                   // it came; the next record will show whether it took effect
	changeUndecided              // the next record has begun, but is too short so far to show that
)

// reader is the phase that decides how the side's next bytes are read.
func (s *side) reader() phase {
	if s.inPreamble {
		return inPreamble
	}
	return s.phase
}

// encrypted reports whether the direction went on to protected records, as far as is
// known: after a ChangeCipherSpec it is assumed.
func (s *side) encrypted() bool { return s.protected || s.cipherChange != noChange }

// role is the direction in which an end sends, or unknownRole.
type role uint8

const unknownRole role = 0

func roleIn(d Dir) role { return role(d) + 1 }

// dir is the direction of a role that is known.
func (r role) dir() Dir { return Dir(r - 1) }

// clientHello is what the Machine keeps of the ClientHello that counts, to read the
// rest of the handshake.
type clientHello struct {
	seen   bool
	cut    bool // only the beginning of the hello was captured or collected
	long   bool // all of it was captured, but it is too long to be collected
	record parse.Version
}

// serverHello is the same for the ServerHello that counts: the final one, or a
// HelloRetryRequest without one after it.
type serverHello struct {
	seen      bool
	retry     bool // it is a HelloRetryRequest
	cut       bool // see clientHello
	long      bool
	certified bool // a certificate was read after it, or before any hello
	version   parse.Version
}

// setAside holds the hellos that were not used because of their direction, while the
// end that accepted the connection is taken for the client. If it turns out that each
// end has sent both hellos, the end that opened the connection is the client, and
// these hellos count instead: the capture may have the server's packets first, or
// after lost bytes. They are parsed when they are used.
type setAside struct{ clientHello, serverHello []byte }

func (x *setAside) size() int {
	return int(unsafe.Sizeof(*x)) + cap(x.clientHello) + cap(x.serverHello)
}

// preamble is the state of the protocol before TLS in a connection, or around it. Few
// connections have one.
type preamble struct {
	starttls.Preamble
	wrapped [2][]byte // by direction: TLS bytes from another protocol's packets
	read    [2]int    // by direction: how many of them were consumed
}

// maxWrapped bounds the TLS bytes of a direction, from another protocol's packets,
// that wait for more.
const maxWrapped = parse.MaxFragment

func (p *preamble) size() int {
	return int(unsafe.Sizeof(*p)) + cap(p.wrapped[0]) + cap(p.wrapped[1])
}

// wrap appends TLS bytes that came in another protocol's packet. It copies them.
func (p *preamble) wrap(d Dir, inner []byte) {
	b := &p.wrapped[d.index()]
	*b = append((*b)[:copy(*b, p.unread(d))], inner...)
	p.read[d.index()] = 0
}

// unread are the wrapped bytes that were not consumed.
func (p *preamble) unread(d Dir) []byte { return p.wrapped[d.index()][p.read[d.index()]:] }

// anomalies is the set of anomalies of a connection's records and messages. Those
// inside hellos are in their parse.Oddities.
type anomalies uint32

const (
	emptyRecord anomalies = 1 << iota
	oversizedRecord
	oversizedMessage
	helloSplitRecords
	badCertificate
	earlyChangeCipherSpec // a ChangeCipherSpec, and the next record was not protected
	heartbeatRecord       // in clear (RFC 6520)
	unknownRecordType
	longPreamble // the preamble was too long to be read to its end
	unknownHandshakeType
	helloRequest
	alertSplitRecords     // an alert split over two records
	severalAlerts         // more than one in a record
	malformedAlert        // an alert record that cannot be parsed, and is too short to be protected
	serverHelloFromClient // it is not used
	clientHelloFromServer // it is not used
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
