package handshake

import (
	"tlsfloor/parse"
	"tlsfloor/parse/certificate"
)

// Message is what one call of Push or Cut found. The caller owns it, and may use it
// for all its Machines; the bytes in it are views that are valid until the next call
// of a method of the Machine.
type Message struct {
	Kind Kind
	Dir  Dir // of the message
	// Retracted are the hellos returned before that do not count any more, because
	// the ends turned out to have the opposite roles. It is valid with any Kind. With
	// a ServerHello the certificate behind it is retracted.
	Retracted Hellos
	// Cut says that there is only the beginning of the hello.
	Cut bool
	// Long says that a Cut hello came whole, and is longer than is collected
	// (parse.MaxMessage).
	Long bool
	// Completes says that the ClientHello is the whole one of which the beginning was
	// returned before.
	Completes bool
	SSLv2     bool          // it is an SSLv2 SERVER-HELLO: Server has nothing but its version
	Record    parse.Version // of the record that carried the ClientHello; 0: none (SSLv2)
	Size      int           // of the hello, in bytes
	Client    parse.ClientHello
	Server    parse.ServerHello
	Leaf      certificate.Certificate
	DER       []byte // of Leaf
}

// Status is what a call of Push ended with.
type Status uint8

// The statuses.
const (
	Listen  Status = iota // the next bytes of the direction are wanted
	Found                 // a Message: call again with what was not consumed
	Ignore                // no more of this direction is wanted
	Settled               // no more of the connection is wanted
)

// Kind is what a Message is.
type Kind uint8

// The kinds of messages.
const (
	Nothing     Kind = iota
	ClientHello      // Client, Record, Size, Cut and Long are valid
	ServerHello      // Server, Size, Cut, Long and SSLv2 are valid
	Certificate      // Leaf and DER are valid: the server's own certificate
	Malformed        // a hello that cannot be read
	Incomplete       // the beginning of a ClientHello, too short to count
	Overflow         // more came inside of another protocol's packets than is kept
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

func (msg *Message) found(k Kind, d Dir) Status {
	msg.Kind, msg.Dir, msg.Cut, msg.Long, msg.Completes, msg.SSLv2 = k, d, false, false, false, false
	return Found
}

// Dir is a direction of a connection: 0 or 1. Which end sends in which is the
// caller's choice.
type Dir uint8

// Other is the opposite direction.
func (d Dir) Other() Dir { return d ^ 1 }

// index is d as an index. The compiler sees that it is in range.
func (d Dir) index() int { return int(d & 1) }
