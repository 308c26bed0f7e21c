package starttls

import (
	"bytes"
	"encoding/binary"
)

// The newstyle negotiation
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

// How far a direction is.
const (
	nbdOpening = iota // greeting of the server, flags of the client
	nbdOptions
)

// nbdOpens recognises a client by its flags, of which two are defined, and its
// first option. need is how many bytes it takes to say.
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

// nbd reads a message of the option haggling, up to where STARTTLS is granted.
func (p *Preamble) nbd(s side, data []byte) Step {
	d := &p.dirs[s]
	switch {
	case d.stage == nbdOptions && s == client:
		return p.nbdOption(data)
	case d.stage == nbdOptions:
		return p.nbdReply(data)
	case s == client && len(data) < nbdFlags:
		return d.wait(nbdFlags)
	case s == server && len(data) < nbdGreeting:
		return d.wait(nbdGreeting)
	case s == server && string(data[:16]) != nbdMagic+nbdOption:
		return p.foreign(s) // oldstyle has no options
	}
	d.stage = nbdOptions
	if s == client {
		return d.took(nbdFlags)
	}
	return d.took(nbdGreeting)
}

func (p *Preamble) nbdOption(data []byte) Step {
	d := &p.dirs[client]
	if len(data) < nbdOptionHeader {
		return d.wait(nbdOptionHeader)
	}
	option, length := binary.BigEndian.Uint32(data[8:]), binary.BigEndian.Uint32(data[12:])
	if !bytes.HasPrefix(data, []byte(nbdOption)) || option == nbdExportName || option == nbdAbort || length > maxBytes {
		return p.foreign(client)
	}
	p.asked = p.asked || option == nbdStartTLS
	return d.tookSome(nbdOptionHeader+int(length), data)
}

// nbdReply reads a reply. Those with the highest bit set refuse.
func (p *Preamble) nbdReply(data []byte) Step {
	d := &p.dirs[server]
	if len(data) < nbdReplyHeader {
		return d.wait(nbdReplyHeader)
	}
	option, typ, length := binary.BigEndian.Uint32(data[8:]), binary.BigEndian.Uint32(data[12:]), binary.BigEndian.Uint32(data[16:])
	if !bytes.HasPrefix(data, []byte(nbdReply)) || length > maxBytes {
		return p.foreign(server)
	}
	d.ready = option == nbdStartTLS && typ == nbdAck
	if option == nbdStartTLS && typ>>31 == 1 && p.dirs[client].status != TLS {
		p.asked = false
	}
	return d.tookSome(nbdReplyHeader+int(length), data)
}
