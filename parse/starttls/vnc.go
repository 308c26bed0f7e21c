package starttls

import "encoding/binary"

// The RFB protocol (RFC 6143, 7.1) and its security types with TLS
// (https://github.com/rfbproto/rfbproto/blob/master/rfbproto.rst, VeNCrypt).
const (
	vncVersion = 12 // "RFB 003.008\n"
	vncOldest  = "RFB 003.003\n"

	vncTLS      = 18 // TLS begins at once
	vncVeNCrypt = 19

	vncFirstTLS  = 257
	vncLastTLS   = 264
	vncMostTypes = 64
)

// How far a direction is.
const (
	vncStart    = iota // version
	vncTypes           // list of types, choice
	vncExtended        // version of VeNCrypt
	vncAgreed          // the server's answer to it
	vncSubtypes        // list of subtypes, choice
	vncGranted         // the server's answer to it
)

// vnc reads one message of the handshake up to TLS. In version 3.3 the server
// decides on a type, which is none of those with TLS.
func (p *Preamble) vnc(s side, data []byte) Step {
	d := &p.dirs[s]
	switch {
	case d.stage == vncTypes && s == client && data[0] != vncTLS && data[0] != vncVeNCrypt && p.swap():
		return p.vncServer(data) // a list: both sides begin with the same words
	case d.stage != vncStart && s == client:
		return p.vncClient(data)
	case d.stage != vncStart:
		return p.vncServer(data)
	case len(data) < vncVersion:
		return d.wait(vncVersion)
	case string(data[:5]) != "RFB 0" || data[vncVersion-1] != '\n' || string(data[:vncVersion]) == vncOldest:
		return p.foreign(s)
	}
	d.stage = vncTypes
	return d.took(vncVersion)
}

// vncClient reads a choice, or the version of VeNCrypt that a client wants.
func (p *Preamble) vncClient(data []byte) Step {
	const version, subtype = 2, 4
	d := &p.dirs[client]
	switch {
	case d.stage == vncTypes && data[0] == vncTLS:
		p.asked = true
		return d.took(1)
	case d.stage == vncTypes && data[0] == vncVeNCrypt:
		d.stage = vncExtended
		return d.took(1)
	case d.stage == vncExtended && len(data) < version:
		return d.wait(version)
	case d.stage == vncExtended && data[0] == 0 && data[1] == 2:
		d.stage = vncSubtypes
		return d.took(version)
	case d.stage == vncSubtypes && len(data) < subtype:
		return d.wait(subtype)
	case d.stage == vncSubtypes && vncSecure(data):
		d.stage, p.asked = vncGranted, true
		return d.took(subtype)
	}
	return p.foreign(client)
}

// vncSecure reports whether a subtype has TLS.
func vncSecure(data []byte) bool {
	n := binary.BigEndian.Uint32(data)
	return n >= vncFirstTLS && n <= vncLastTLS
}

// vncServer reads a list, the version of VeNCrypt, or an answer: 0 agrees to the
// version, 1 to the subtype.
func (p *Preamble) vncServer(data []byte) Step {
	const version = 2
	d := &p.dirs[server]
	switch {
	case d.stage == vncTypes:
		return p.vncList(data, 1, vncExtended)
	case d.stage == vncExtended && len(data) < version:
		return d.wait(version)
	case d.stage == vncExtended && data[0] == 0 && data[1] <= 2:
		d.stage, d.ready = vncAgreed, false
		return d.took(version)
	case d.stage == vncAgreed && data[0] == 0:
		d.stage = vncSubtypes
		return d.took(1)
	case d.stage == vncSubtypes:
		return p.vncList(data, 4, vncGranted)
	case d.stage == vncGranted && data[0] == 1:
		p.granted = true
		return d.took(1)
	}
	return p.foreign(server)
}

// vncList passes over a list of types of size bytes each. With type 18 in the
// first list, TLS may follow it.
func (p *Preamble) vncList(data []byte, size int, next uint8) Step {
	d := &p.dirs[server]
	n := int(data[0])
	if n == 0 || n > vncMostTypes {
		return p.foreign(server)
	}
	whole := 1 + n*size
	if len(data) < whole {
		return d.wait(whole)
	}
	for _, typ := range data[1:whole] {
		d.ready = d.ready || size == 1 && typ == vncTLS
	}
	d.stage = next
	return d.took(whole)
}
