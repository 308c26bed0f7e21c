package binary

import (
	"encoding/binary"

	"tlsfloor/parse/upgrade"
)

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

// hmacSizes are the bytes of an HMAC: none without tls-auth, else with MD5, SHA-1,
// SHA-224, SHA-256, SHA-384 or SHA-512.
var hmacSizes = [...]uint8{0, 16, 20, 28, 32, 48, 64}

// openvpnOpens recognises a hard reset by length and opcode, with key id 0.
func openvpnOpens(data []byte) (from upgrade.Side, ok bool) {
	const shortest, longest = 1 + ovpnSession + 1 + ovpnID, ovpnHead
	if length := int(binary.BigEndian.Uint16(data)); length < shortest || length > longest {
		return upgrade.Client, false
	}
	switch data[2] {
	case ovpnResetClientV1 << 3, ovpnResetClientV2 << 3:
		return upgrade.Client, true
	case ovpnResetServerV1 << 3, ovpnResetServerV2 << 3:
		return upgrade.Server, true
	}
	return upgrade.Client, false
}

// OpenVPN reads one packet: a reset, an acknowledgement, or a control packet that
// carries TLS. Packets that tls-crypt has encrypted do not fit; nor do data packets,
// which come after the handshake. hmac is the size of the HMACs of the connection,
// which the first reset shows.
func OpenVPN(d *upgrade.State, hmac *uint8, from upgrade.Side, data []byte) upgrade.Message {
	if len(data) < ovpnLength+1 {
		return upgrade.Wait(ovpnLength + 1)
	}
	size := ovpnLength + int(binary.BigEndian.Uint16(data))
	if need := min(size, ovpnHead); size <= ovpnLength || size > maxPacket {
		return upgrade.Not()
	} else if len(data) < need {
		return upgrade.Wait(need)
	}
	head := data[:min(size, ovpnHead)]
	switch op := data[2] >> 3; {
	case data[2]&7 != 0:
		return upgrade.Not()
	case d.Stage == 0:
		return openvpnReset(d, hmac, from, head, size)
	case op == ovpnAck:
		return upgrade.Took(size)
	case op == ovpnControl, op == ovpnResetClientV2, op == ovpnResetServerV2: // a reset may be repeated under a new id
		return openvpnControl(d, *hmac, head, size)
	}
	return upgrade.Not()
}

// openvpnReset reads a hard reset, whose message id is 0, and finds out from it how
// long the HMACs are.
func openvpnReset(d *upgrade.State, hmac *uint8, from upgrade.Side, head []byte, size int) upgrade.Message {
	if sender, ok := openvpnOpens(head); !ok || sender != from {
		return upgrade.Not()
	}
	for _, n := range hmacSizes {
		id, end, ok := openvpnMessage(head, n)
		if ok && id == 0 && end == size {
			*hmac, d.Stage, d.Count = n, 1, 1
			return upgrade.Took(size)
		}
	}
	return upgrade.Message{Event: upgrade.End} // encrypted by tls-crypt
}

// openvpnControl finds the TLS bytes of a control packet that is the next in order.
// Packets that are repeated are passed over; TCP loses none.
func openvpnControl(d *upgrade.State, hmac uint8, head []byte, size int) upgrade.Message {
	id, at, ok := openvpnMessage(head, hmac)
	switch {
	case !ok || id > d.Count || at > size:
		return upgrade.Not()
	case id < d.Count:
		return upgrade.Took(size)
	case at == size:
		d.Count++
		return upgrade.Took(size)
	case !d.Carried && !opensTLS(head[at]):
		return upgrade.Not()
	}
	d.Count++
	return upgrade.Message{Size: size, Inner: at, Event: upgrade.Ask}
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
