package wrap

import "encoding/binary"

// GRE flags and protocol types of its own.
const (
	greKey        = 0x2000
	greSequence   = 0x1000
	etherERSPAN3  = 0x22eb
	etherBridging = 0x6558
	etherPPP      = 0x880b
	etherERSPAN   = 0x88be
	etherEoIP     = 0x6400
)

// GRE puts a packet into GRE without options.
func GRE(e Ends, inner []byte) []byte {
	return packet(e, protoGRE, append(greHeader(0, etherTypeOf(inner)), inner...))
}

// GREKeyed puts a packet into GRE with a key and a sequence number.
func GREKeyed(e Ends, key uint32, inner []byte) []byte {
	b := greHeader(greKey|greSequence, etherTypeOf(inner))
	b = binary.BigEndian.AppendUint32(b, key)
	b = binary.BigEndian.AppendUint32(b, 1)
	return packet(e, protoGRE, append(b, inner...))
}

// GREBridge puts a frame into GRE without a key (Linux: gretap).
func GREBridge(e Ends, frame []byte) []byte {
	return packet(e, protoGRE, append(greHeader(0, etherBridging), frame...))
}

// NVGRE puts a frame into a virtual subnet (RFC 7637).
func NVGRE(e Ends, vsid uint32, frame []byte) []byte {
	b := greHeader(greKey, etherBridging)
	b = binary.BigEndian.AppendUint32(b, vsid<<8|0x5a) // and a flow id
	return packet(e, protoGRE, append(b, frame...))
}

// ERSPAN1 mirrors a frame with ERSPAN type I, which has no header of its own.
func ERSPAN1(e Ends, frame []byte) []byte {
	return packet(e, protoGRE, append(greHeader(0, etherERSPAN), frame...))
}

// ERSPAN2 mirrors a frame with ERSPAN type II.
func ERSPAN2(e Ends, session uint16, frame []byte) []byte {
	b := greHeader(greSequence, etherERSPAN)
	b = binary.BigEndian.AppendUint32(b, 1)
	b = binary.BigEndian.AppendUint16(b, 1<<12)
	b = binary.BigEndian.AppendUint16(b, session)
	b = binary.BigEndian.AppendUint32(b, 7) // port index
	return packet(e, protoGRE, append(b, frame...))
}

// ERSPAN3 mirrors a frame with ERSPAN type III and its platform subheader.
func ERSPAN3(e Ends, session uint16, frame []byte) []byte {
	b := greHeader(greSequence, etherERSPAN3)
	b = binary.BigEndian.AppendUint32(b, 1)
	b = binary.BigEndian.AppendUint16(b, 2<<12)
	b = binary.BigEndian.AppendUint16(b, session)
	b = binary.BigEndian.AppendUint32(b, 1234)  // timestamp
	b = append(b, 0, 0, 0, 1)                   // no group tag; the subheader follows
	b = append(b, 3<<2, 0, 0, 0, 0, 0, 0, 0x2a) // platform 3
	return packet(e, protoGRE, append(b, frame...))
}

// PPTP puts a packet into PPP in GRE version 1 (RFC 2637).
func PPTP(e Ends, call uint16, inner []byte) []byte {
	ppp := append([]byte{0xff, 3}, binary.BigEndian.AppendUint16(nil, pppProtocol(inner))...)
	ppp = append(ppp, inner...)
	b := greHeader(greKey|greSequence|1, etherPPP)
	b = binary.BigEndian.AppendUint16(b, uint16(len(ppp)))
	b = binary.BigEndian.AppendUint16(b, call)
	b = binary.BigEndian.AppendUint32(b, 1)
	return packet(e, protoGRE, append(b, ppp...))
}

// EoIP puts a frame into MikroTik's Ethernet over IP.
func EoIP(e Ends, tunnel uint16, frame []byte) []byte {
	b := greHeader(greKey|1, etherEoIP)
	b = binary.BigEndian.AppendUint16(b, uint16(len(frame)))
	b = binary.LittleEndian.AppendUint16(b, tunnel)
	return packet(e, protoGRE, append(b, frame...))
}

// EtherIP puts a frame into IP (RFC 3378).
func EtherIP(e Ends, frame []byte) []byte {
	return packet(e, protoEtherIP, append([]byte{0x30, 0}, frame...))
}

// GREInUDP puts a packet into GRE with a key in UDP (RFC 8086).
func GREInUDP(e Ends, key uint32, inner []byte) []byte {
	b := binary.BigEndian.AppendUint32(greHeader(greKey, etherTypeOf(inner)), key)
	return e.tunnel(portGREInUDP, append(b, inner...))
}

func greHeader(flags, etherType uint16) []byte {
	return binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, flags), etherType)
}
