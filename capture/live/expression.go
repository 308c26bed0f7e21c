package live

import (
	"encoding/binary"
	"fmt"
	"os"
	"runtime"
	"strings"

	"github.com/google/gopacket"
	"github.com/google/gopacket/pcap"

	"tlsfloor/capture"
)

// Compiler returns a function that compiles a BPF expression for frames of capture
// files. It returns libpcap's error for an expression that is wrong for every link type.
//
// Host names in the expression are resolved each time it is compiled.
func Compiler(expression string) (capture.Compiler, error) {
	compiler := func(link capture.LinkType, snaplen int) (capture.Matcher, error) {
		return compile(expression, link, snaplen)
	}
	_, err := compiler(capture.LinkEthernet, maxSnaplen)
	if err == nil {
		return compiler, nil
	}
	// Parts of the language exist for one kind of link type only.
	for _, link := range []capture.LinkType{capture.LinkRadiotap, capture.LinkLinuxSLL2, capture.LinkPPP} {
		if _, other := compiler(link, maxSnaplen); other == nil {
			return compiler, nil
		}
	}
	return nil, err
}

// matcher is an expression that libpcap has compiled for one link type.
type matcher struct{ program *pcap.BPF }

// Matches implements capture.Matcher. A load from beyond the captured bytes is no match,
// so a frame without captured bytes could only match an expression about its length. It
// never matches here: gopacket takes the address of the first byte, and there is nothing
// to find in such a frame.
func (m matcher) Matches(data []byte, length int) bool {
	if len(data) == 0 {
		return false
	}
	yes := m.program.Matches(gopacket.CaptureInfo{CaptureLength: len(data), Length: length}, data)
	// gopacket hides both pointers from the garbage collector while C uses them.
	runtime.KeepAlive(m.program)
	runtime.KeepAlive(data)
	return yes
}

func compile(expression string, link capture.LinkType, snaplen int) (capture.Matcher, error) {
	if err := checkText(expression); err != nil {
		return nil, err
	}
	handle, err := deadHandle(link, snaplen)
	if err != nil {
		return nil, err
	}
	defer handle.Close()
	program, err := handle.NewBPF(expression)
	if err != nil {
		return nil, badExpression(expression, err)
	}
	return matcher{program}, nil
}

// checkText refuses a zero byte, which would end the expression in C.
func checkText(expression string) error {
	if strings.ContainsRune(expression, 0) {
		return badExpression(expression, errNulByte)
	}
	return nil
}

// deadHandle opens a capture file that consists of a header: so libpcap learns a link
// type of 16 bits, of which gopacket would pass on 8. libpcap opens the pipe by its name
// in /dev/fd, and closes its own descriptor.
func deadHandle(link capture.LinkType, snaplen int) (*pcap.Handle, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	defer w.Close()
	if _, err := w.Write(fileHeader(link, snaplen)); err != nil {
		return nil, err
	}
	return pcap.OpenOffline(fmt.Sprintf("/dev/fd/%d", r.Fd()))
}

// fileHeader returns the header of a classic capture.
func fileHeader(link capture.LinkType, snaplen int) []byte {
	order := binary.LittleEndian
	b := order.AppendUint32(nil, 0xa1b2c3d4)
	b = order.AppendUint16(b, 2)
	b = order.AppendUint16(b, 4)
	b = append(b, make([]byte, 8)...)
	b = order.AppendUint32(b, uint32(snaplen))
	return order.AppendUint32(b, uint32(link))
}
