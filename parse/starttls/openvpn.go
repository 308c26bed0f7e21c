package starttls

import "encoding/binary"

// Opcodes of OpenVPN packets
// (https://build.openvpn.net/doxygen/group__network__protocol.html).
const (
	ovpnResetClientV1 = 1
	ovpnResetServerV1 = 2
	ovpnControl       = 4
	ovpnAck           = 5
	ovpnResetClientV2 = 7
	ovpnResetServerV2 = 8

	ovpnLength  = 2 // over TCP, before each packet
	ovpnSession = 8
	ovpnReplay  = 8 // packet id and time, after an HMAC
	ovpnID      = 4 // message packet id

	// maxAcks is how many packets one packet may acknowledge.
	maxAcks = 8
	// maxPacket is the longest control packet; they are cut to the MTU.
	maxPacket = 4096
	// ovpnHead is the longest head of a control packet, and the first byte of
	// its payload.
	ovpnHead = ovpnLength + 1 + ovpnSession + 64 + ovpnReplay + 1 + maxAcks*4 + ovpnSession + ovpnID + 1
)

// hmacSizes are those of no tls-auth, MD5, SHA-1, SHA-224, SHA-256, SHA-384
// and SHA-512.
var hmacSizes = [...]uint8{0, 16, 20, 28, 32, 48, 64}

// openvpnOpens recognises a hard reset by length and opcode, with key id 0.
func openvpnOpens(data []byte) (from side, ok bool) {
	const shortest, longest = 1 + ovpnSession + 1 + ovpnID, ovpnHead
	if length := int(binary.BigEndian.Uint16(data)); length < shortest || length > longest {
		return client, false
	}
	switch data[2] {
	case ovpnResetClientV1 << 3, ovpnResetClientV2 << 3:
		return client, true
	case ovpnResetServerV1 << 3, ovpnResetServerV2 << 3:
		return server, true
	}
	return client, false
}

// openvpn reads one packet: resets, acknowledgements, and control packets that
// carry TLS. What tls-crypt has encrypted does not fit and ends the look; so do
// data packets, which come when the handshake is over.
func (p *Preamble) openvpn(s side, data []byte) Step {
	d := &p.dirs[s]
	if len(data) < ovpnLength+1 {
		return d.wait(ovpnLength + 1)
	}
	size := ovpnLength + int(binary.BigEndian.Uint16(data))
	if need := min(size, ovpnHead); size <= ovpnLength || size > maxPacket {
		return p.foreign(s)
	} else if len(data) < need {
		return d.wait(need)
	}
	head := data[:min(size, ovpnHead)]
	switch op := data[2] >> 3; {
	case data[2]&7 != 0:
		return p.foreign(s)
	case d.stage == 0:
		return p.openvpnReset(s, head, size)
	case op == ovpnAck:
		return d.tookSome(size, data)
	case op == ovpnControl, op == ovpnResetClientV2, op == ovpnResetServerV2: // a reset may be repeated under a new id
		return p.openvpnControl(s, data, head, size)
	}
	return p.foreign(s)
}

// openvpnReset reads a hard reset, whose message id is 0, and learns from it
// how long the HMACs are.
func (p *Preamble) openvpnReset(s side, head []byte, size int) Step {
	d := &p.dirs[s]
	if from, ok := openvpnOpens(head); !ok || from != s {
		return p.foreign(s)
	}
	for _, hmac := range hmacSizes {
		id, end, ok := openvpnMessage(head, hmac)
		if ok && id == 0 && end == size {
			p.hmac, d.stage, d.count = hmac, 1, 1
			return d.took(size)
		}
	}
	return p.end(s) // encrypted by tls-crypt
}

// openvpnControl hands on the TLS bytes of a control packet that is the next in
// order. One that was there before is passed over; TCP loses none.
func (p *Preamble) openvpnControl(s side, data, head []byte, size int) Step {
	d := &p.dirs[s]
	id, at, ok := openvpnMessage(head, p.hmac)
	switch {
	case !ok || id > d.count || at > size:
		return p.foreign(s)
	case id < d.count:
		return d.tookSome(size, data)
	case at == size:
		d.count++
		return d.tookSome(size, data)
	case d.status != Framed && head[at] != recordHandshake && head[at] != recordAlert:
		return p.foreign(s)
	}
	p.asked = true
	d.count++
	return d.carry(at, size, data)
}

// openvpnMessage reads the head of a control packet with HMACs of the given
// size: opcode, session id, HMAC, packet id and time, the list of acknowledged
// packets with the peer's session id, message id. at is where the payload
// begins.
func openvpnMessage(head []byte, hmac uint8) (id uint32, at int, ok bool) {
	at = ovpnLength + 1 + ovpnSession
	if hmac > 0 {
		at += int(hmac) + ovpnReplay
	}
	if at >= len(head) {
		return 0, 0, false
	}
	acks := int(head[at])
	at++
	if acks > maxAcks {
		return 0, 0, false
	}
	if acks > 0 {
		at += acks*ovpnID + ovpnSession
	}
	if at+ovpnID > len(head) {
		return 0, 0, false
	}
	return binary.BigEndian.Uint32(head[at:]), at + ovpnID, true
}
