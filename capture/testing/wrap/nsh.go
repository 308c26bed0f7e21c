package wrap

import "encoding/binary"

const etherNSH = 0x894f

// Next protocols of NSH, VXLAN-GPE and LISP-GPE.
const (
	nextIPv4     = 1
	nextIPv6     = 2
	nextEthernet = 3
	nextNSH      = 4
)

// NSH puts a service header (RFC 8300) between the Ethernet header and the
// packet of a frame.
func NSH(frame []byte, path uint32) []byte {
	b := binary.BigEndian.AppendUint16(frame[:addresses:addresses], etherNSH)
	return append(b, nsh(nextOf(frame[addresses+2:]), path, frame[addresses+2:])...)
}

// NSHEthernet puts a frame behind a service header.
func NSHEthernet(inner []byte, path uint32) []byte {
	return frame(etherNSH, nsh(nextEthernet, path, inner))
}

// nsh puts a service header with metadata of the fixed length before a payload.
func nsh(next byte, path uint32, payload []byte) []byte {
	b := []byte{0x0f, 0xc6, 1, next}
	b = binary.BigEndian.AppendUint32(b, path<<8|255)
	return append(append(b, make([]byte, 16)...), payload...)
}

func nextOf(packet []byte) byte {
	if isIPv6(packet) {
		return nextIPv6
	}
	return nextIPv4
}

// VXLANGPE puts a packet into a virtual network by the generic protocol
// extension.
func VXLANGPE(e Ends, vni uint32, packet []byte) []byte {
	return e.gpe(vni, nextOf(packet), packet)
}

// VXLANNSH puts a packet behind a service header into a virtual network.
func VXLANNSH(e Ends, vni, path uint32, packet []byte) []byte {
	return e.gpe(vni, nextNSH, nsh(nextOf(packet), path, packet))
}

func (e Ends) gpe(vni uint32, next byte, payload []byte) []byte {
	b := binary.BigEndian.AppendUint32([]byte{0x0c, 0, 0, next}, vni<<8)
	return e.tunnel(portVXLANGPE, append(b, payload...))
}

// LISP puts a packet into an instance (RFC 9300).
func LISP(e Ends, instance uint32, packet []byte) []byte {
	b := binary.BigEndian.AppendUint32([]byte{0x88, 1, 2, 3}, instance<<8)
	return e.tunnel(portLISP, append(b, packet...))
}

// LISPGPE puts a frame into an instance (RFC 9305).
func LISPGPE(e Ends, instance uint32, frame []byte) []byte {
	b := binary.BigEndian.AppendUint32([]byte{0x0c, 0, 0, nextEthernet}, instance<<8)
	return e.tunnel(portLISP, append(b, frame...))
}
