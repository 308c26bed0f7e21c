package binary

import (
	"bytes"
	"encoding/binary"

	"tlsfloor/parse/upgrade"
)

// The protocols that negotiate options: NBD, Telnet and AMQP.

// NBD's newstyle negotiation
// (https://github.com/NetworkBlockDevice/nbd/blob/master/doc/proto.md).
const (
	nbdMagic  = "NBDMAGIC"
	nbdOption = "IHAVEOPT"
	nbdReply  = "\x00\x03\xe8\x89\x04\x55\x65\xa9"

	nbdGreeting     = 8 + 8 + 2     // magic numbers, handshake flags
	nbdFlags        = 4             // the client's
	nbdOptionHeader = 8 + 4 + 4     // magic number, option, length
	nbdReplyHeader  = 8 + 4 + 4 + 4 // magic number, option, type, length

	nbdExportName = 1 // ends the negotiation
	nbdAbort      = 2
	nbdStartTLS   = 5

	nbdAck = 1 // type of a reply
)

// Stages of a direction.
const (
	nbdOpening = iota // greeting of the server, flags of the client
	nbdOptions
)

// nbdOpens recognises a client by its flags, of which two are defined, and its
// first option. need is how many bytes it takes to tell.
func nbdOpens(data []byte) (is bool, need int) {
	const flags = 3
	size := nbdFlags + len(nbdOption)
	known := min(len(data), size)
	switch {
	case data[0]|data[1]|data[2] != 0 || data[3] > flags || string(data[nbdFlags:known]) != nbdOption[:known-nbdFlags]:
		return false, 0
	case known < size:
		return false, size
	}
	return true, 0
}

// NBD reads a message of the option negotiation, up to where STARTTLS is granted.
func NBD(d *upgrade.State, from upgrade.Side, data []byte) upgrade.Message {
	switch {
	case d.Stage == nbdOptions && from == upgrade.Client:
		return nbdRequest(data)
	case d.Stage == nbdOptions:
		return nbdAnswer(d, data)
	case from == upgrade.Client && len(data) < nbdFlags:
		return upgrade.Wait(nbdFlags)
	case from == upgrade.Server && len(data) < nbdGreeting:
		return upgrade.Wait(nbdGreeting)
	case from == upgrade.Server && string(data[:16]) != nbdMagic+nbdOption:
		return upgrade.Not() // oldstyle has no options
	}
	d.Stage = nbdOptions
	if from == upgrade.Client {
		return upgrade.Took(nbdFlags)
	}
	return upgrade.Took(nbdGreeting)
}

// nbdRequest reads an option that a client asks for.
func nbdRequest(data []byte) upgrade.Message {
	if len(data) < nbdOptionHeader {
		return upgrade.Wait(nbdOptionHeader)
	}
	option, length := binary.BigEndian.Uint32(data[8:]), binary.BigEndian.Uint32(data[12:])
	if !bytes.HasPrefix(data, []byte(nbdOption)) || option == nbdExportName || option == nbdAbort || length > upgrade.MaxBytes {
		return upgrade.Not()
	}
	return upgrade.Message{Size: nbdOptionHeader + int(length), Event: upgrade.Ask.If(option == nbdStartTLS)}
}

// nbdAnswer reads a reply. Those with the highest bit set refuse.
func nbdAnswer(d *upgrade.State, data []byte) upgrade.Message {
	if len(data) < nbdReplyHeader {
		return upgrade.Wait(nbdReplyHeader)
	}
	option, typ, length := binary.BigEndian.Uint32(data[8:]), binary.BigEndian.Uint32(data[12:]), binary.BigEndian.Uint32(data[16:])
	if !bytes.HasPrefix(data, []byte(nbdReply)) || length > upgrade.MaxBytes {
		return upgrade.Not()
	}
	d.Ready = option == nbdStartTLS && typ == nbdAck
	return upgrade.Message{Size: nbdReplyHeader + int(length), Event: upgrade.Refuse.If(option == nbdStartTLS && typ>>31 == 1)}
}

// Telnet commands (RFC 854) and the START_TLS option
// (https://www.iana.org/assignments/telnet-options, 46).
const (
	telnetIAC = 0xff
	telnetSB  = 0xfa
	telnetSE  = 0xf0

	telnetStartTLS = 46
	telnetFollows  = 1

	// telnetLongest is the longest subnegotiation that is read.
	telnetLongest = 512
)

// telnetOpens recognises a command about an option.
func telnetOpens(data []byte) bool { return data[1] >= telnetSB && data[1] < telnetIAC }

// Telnet reads a command, or the text before one. Each side says FOLLOWS before
// its part of TLS. A client that sends text has logged in without it. proven says
// that the other direction has TLS: then no text comes.
func Telnet(d *upgrade.State, from upgrade.Side, data []byte, proven bool) upgrade.Message {
	n := bytes.IndexByte(data, telnetIAC)
	d.Ready, d.Within = false, n != 0
	switch {
	case n != 0 && (from == upgrade.Client || proven):
		return upgrade.Not()
	case n < 0:
		return upgrade.Took(len(data))
	case n > 0:
		return upgrade.Took(n)
	case len(data) < 3:
		return upgrade.Wait(3)
	case data[1] > telnetSB:
		return upgrade.Took(3)
	case data[1] < telnetSB:
		return upgrade.Took(2)
	}
	return telnetOption(d, from, data)
}

// telnetOption reads a subnegotiation, from IAC SB to IAC SE. One that is too long
// is Foreign even when its end is here.
func telnetOption(d *upgrade.State, from upgrade.Side, data []byte) upgrade.Message {
	end := bytes.Index(data[:min(len(data), telnetLongest)], []byte{telnetIAC, telnetSE})
	switch {
	case end < 0 && len(data) >= telnetLongest:
		return upgrade.Not()
	case end < 0:
		return upgrade.Wait(0)
	}
	follows := end == 4 && data[2] == telnetStartTLS && data[3] == telnetFollows
	d.Ready = follows && from == upgrade.Server
	return upgrade.Message{Size: end + 2, Event: upgrade.Ask.If(follows && from == upgrade.Client)}
}

const (
	amqpHeader = 8 // "AMQP", protocol id, version

	// amqpTLS is the protocol id with which a header asks for TLS, or grants it.
	amqpTLS = 2
)

// AMQP reads a protocol header (AMQP 1.0, part 5, 2.1). Both sides send the same
// one before TLS. A header with another protocol id begins AMQP or SASL in clear,
// which have no upgrade; nor has AMQP 0-9-1, whose id is 0.
func AMQP(from upgrade.Side, data []byte) upgrade.Message {
	switch {
	case len(data) < amqpHeader:
		return upgrade.Wait(amqpHeader)
	case string(data[:4]) != "AMQP" || data[4] != amqpTLS:
		return upgrade.Not()
	case from == upgrade.Client:
		return upgrade.Message{Size: amqpHeader, Event: upgrade.Ask}
	}
	return upgrade.Message{Size: amqpHeader, Event: upgrade.Grant}
}
