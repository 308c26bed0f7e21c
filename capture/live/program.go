package live

import (
	"encoding/binary"

	"github.com/google/gopacket/pcap"
)

// program is a BPF program as libpcap compiled it, run here for frames of
// capture files. It replaces the virtual machine of golang.org/x/net/bpf, which
// takes a frame's captured length for its length on the wire and needs four
// times as long, and calls of libpcap's own, which cost as much.
type program []pcap.BPFInstruction

// maxJumpsBack bounds the loops that "protochain" compiles to.
const maxJumpsBack = 1 << 16

// The classes of an instruction, and the modes, sizes and operations that
// modify them (The BSD Packet Filter, McCanne and Jacobson, 1993).
const (
	opLd, opLdx, opSt, opStx, opAlu, opJmp, opRet, opMisc = 0, 1, 2, 3, 4, 5, 6, 7

	sizeW, sizeH, sizeB = 0x00, 0x08, 0x10

	modeImm, modeAbs, modeInd, modeMem, modeLen, modeMsh = 0x00, 0x20, 0x40, 0x60, 0x80, 0xa0

	srcK, srcX = 0x00, 0x08

	aluAdd, aluSub, aluMul, aluDiv, aluOr, aluAnd = 0x00, 0x10, 0x20, 0x30, 0x40, 0x50
	aluLsh, aluRsh, aluNeg, aluMod, aluXor        = 0x60, 0x70, 0x80, 0x90, 0xa0

	jmpA, jmpEq, jmpGt, jmpGe, jmpSet = 0x00, 0x10, 0x20, 0x30, 0x40

	retK, retA = 0x00, 0x10

	miscTax, miscTxa = 0x00, 0x80
)

// Matches runs the program. A load from beyond the captured bytes is no match,
// as in libpcap.
func (p program) Matches(data []byte, length int) bool {
	var a, x uint32
	var mem [16]uint32
	back := maxJumpsBack
	for pc := 0; uint(pc) < uint(len(p)); pc++ {
		i := &p[pc]
		k := i.K
		switch i.Code {
		case opRet | retK:
			return k != 0
		case opRet | retA:
			return a != 0

		case opLd | sizeW | modeAbs, opLd | sizeW | modeInd:
			at := uint64(k) + uint64(x&indirect(i.Code))
			if at+4 > uint64(len(data)) {
				return false
			}
			a = binary.BigEndian.Uint32(data[at:])
		case opLd | sizeH | modeAbs, opLd | sizeH | modeInd:
			at := uint64(k) + uint64(x&indirect(i.Code))
			if at+2 > uint64(len(data)) {
				return false
			}
			a = uint32(binary.BigEndian.Uint16(data[at:]))
		case opLd | sizeB | modeAbs, opLd | sizeB | modeInd:
			at := uint64(k) + uint64(x&indirect(i.Code))
			if at >= uint64(len(data)) {
				return false
			}
			a = uint32(data[at])
		case opLdx | sizeB | modeMsh:
			if uint64(k) >= uint64(len(data)) {
				return false
			}
			x = uint32(data[k]&0xf) << 2

		case opLd | modeImm:
			a = k
		case opLdx | modeImm:
			x = k
		case opLd | modeLen:
			a = uint32(length)
		case opLdx | modeLen:
			x = uint32(length)
		case opLd | modeMem:
			a = mem[k&15]
		case opLdx | modeMem:
			x = mem[k&15]
		case opSt:
			mem[k&15] = a
		case opStx:
			mem[k&15] = x
		case opMisc | miscTax:
			x = a
		case opMisc | miscTxa:
			a = x

		case opJmp | jmpA:
			if pc += int(int32(k)); int32(k) < 0 {
				if back--; back == 0 {
					return false
				}
			}
		case opJmp | jmpEq | srcK:
			pc += branch(i, a == k)
		case opJmp | jmpGt | srcK:
			pc += branch(i, a > k)
		case opJmp | jmpGe | srcK:
			pc += branch(i, a >= k)
		case opJmp | jmpSet | srcK:
			pc += branch(i, a&k != 0)
		case opJmp | jmpEq | srcX:
			pc += branch(i, a == x)
		case opJmp | jmpGt | srcX:
			pc += branch(i, a > x)
		case opJmp | jmpGe | srcX:
			pc += branch(i, a >= x)
		case opJmp | jmpSet | srcX:
			pc += branch(i, a&x != 0)

		default:
			var ok bool
			if a, ok = compute(i, a, x); !ok {
				return false
			}
		}
	}
	return false
}

// indirect is a mask for X: all of it in the indirect mode, else nothing.
func indirect(code uint16) uint32 {
	return -uint32(code >> 6 & 1)
}

func branch(i *pcap.BPFInstruction, taken bool) int {
	if taken {
		return int(i.Jt)
	}
	return int(i.Jf)
}

// compute is an operation on A. It fails for a division by zero and for an
// instruction that does not exist.
func compute(i *pcap.BPFInstruction, a, x uint32) (uint32, bool) {
	by := i.K
	if i.Code&srcX != 0 {
		by = x
	}
	switch i.Code &^ srcX {
	case opAlu | aluAdd:
		return a + by, true
	case opAlu | aluSub:
		return a - by, true
	case opAlu | aluMul:
		return a * by, true
	case opAlu | aluOr:
		return a | by, true
	case opAlu | aluAnd:
		return a & by, true
	case opAlu | aluXor:
		return a ^ by, true
	case opAlu | aluLsh:
		return a << by, true
	case opAlu | aluRsh:
		return a >> by, true
	case opAlu | aluNeg:
		return -a, true
	}
	return divide(i.Code&^srcX, a, by)
}

func divide(code uint16, a, by uint32) (uint32, bool) {
	switch {
	case by == 0:
		return 0, false
	case code == opAlu|aluDiv:
		return a / by, true
	case code == opAlu|aluMod:
		return a % by, true
	}
	return 0, false
}
