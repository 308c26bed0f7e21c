package handshake

import (
	"tlsfloor/parse"
	"tlsfloor/parse/certificate"
)

// Message is the result of one call of Push, Lost or Cut. The caller owns it, and may
// use one for all its Machines. The bytes in it are views, valid until the next call
// of a method of the Machine.
type Message struct {
	Kind Kind
	Dir  Dir // in which the message was sent
	// Retracted are hellos that were returned before and no longer count, because the
	// two ends turned out to have the opposite roles. It is valid with any Kind. If a
	// ServerHello is retracted, so is the certificate that followed it.
	Retracted Hellos
	// Cut: only the beginning of the hello is there.
	Cut bool
	// Long: the hello is Cut although all of it was captured, because it is longer
	// than the Machine collects (parse.MaxMessage).
	Long bool
	// Completes: this is the whole ClientHello whose beginning was returned before.
	Completes bool
	SSLv2     bool          // it is an SSLv2 SERVER-HELLO: only the version in Server is set
	Record    parse.Version // of the record that carried the ClientHello; 0: none (SSLv2)
	Size      int           // of the hello, in bytes
	Client    parse.ClientHello
	Server    parse.ServerHello
	Leaf      certificate.Certificate
	DER       []byte // the encoding of Leaf
}

// Status is the result of a call of Push.
type Status uint8

// The statuses.
const (
	Listen  Status = iota // the next bytes of the direction are needed
	Found                 // a Message was found: call again with the bytes not consumed
	Ignore                // no more bytes of this direction are needed
	Settled               // no more bytes of the connection are needed
)

// Kind is the kind of a Message.
type Kind uint8

// The kinds of messages.
const (
	Nothing     Kind = iota
	ClientHello      // Client, Record, Size, Cut and Long are valid
	ServerHello      // Server, Size, Cut, Long and SSLv2 are valid
	Certificate      // Leaf and DER are valid: the server's own certificate
	Malformed        // a hello that cannot be parsed
	Incomplete       // the beginning of a ClientHello, too short to be used
	Overflow         // another protocol's packets carried more TLS bytes than are kept
)

// Hellos is a set of hellos.
type Hellos uint8

// The members of the set.
const (
	TheClientHello Hellos = 1 << iota
	TheServerHello
)

// Has reports whether x is in the set.
func (h Hellos) Has(x Hellos) bool { return h&x != 0 }

// set makes msg a message of a kind, with everything that is not said of it later false.
// Retracted stays: it was set while the message was read.
func (msg *Message) set(k Kind, d Dir) {
	msg.Kind, msg.Dir, msg.Cut, msg.Long, msg.Completes, msg.SSLv2 = k, d, false, false, false, false
}

// Dir is a direction of a connection: 0 or 1. The caller chooses which end sends in
// which direction.
type Dir uint8

// Other is the opposite direction.
func (d Dir) Other() Dir { return d ^ 1 }

// index is d as an array index. The mask lets the compiler drop the bounds check.
func (d Dir) index() int { return int(d & 1) }
