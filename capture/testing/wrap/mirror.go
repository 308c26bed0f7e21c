package wrap

import "encoding/binary"

// TZSP sends a frame as MikroTik's sniffer does, with the tags that others add.
func TZSP(e Ends, frame []byte) []byte {
	b := []byte{1, 0, 0, 1}
	b = append(b, 0, 10, 1, 200, 41, 2, byte(len(frame)>>8), byte(len(frame)), 1)
	return e.tunnel(portTZSP, append(b, frame...))
}

// HPERM sends a frame as the remote mirroring of HP ProCurve and Aruba switches
// does.
func HPERM(e Ends, frame []byte) []byte {
	return e.tunnel(portHPERM, append([]byte{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0}, frame...))
}

// JMirror sends a packet as Juniper's packet mirroring does.
func JMirror(e Ends, mirror uint32, packet []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, mirror)
	b = binary.BigEndian.AppendUint32(b, 5) // session
	return e.tunnel(portJMirror, append(b, packet...))
}

// CAPWAP sends a frame as an access point does that bridges to its controller.
func CAPWAP(e Ends, frame []byte) []byte {
	return e.tunnel(portCAPWAP, append([]byte{0, 2 << 3, 0, 0, 0, 0, 0, 0}, frame...))
}

// MPLSInUDP puts a packet behind a label stack into UDP (RFC 7510).
func MPLSInUDP(e Ends, packet []byte, labels ...uint32) []byte {
	return e.tunnel(portMPLSUDP, append(labelStack(nil, labels), packet...))
}

// GUE puts a packet into generic UDP encapsulation.
func GUE(e Ends, packet []byte) []byte {
	proto := byte(protoIPv4)
	if isIPv6(packet) {
		proto = protoIPv6
	}
	return e.tunnel(portGUE, append([]byte{0, proto, 0, 0}, packet...))
}
