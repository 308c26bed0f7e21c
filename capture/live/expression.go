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

// Compiler makes matchers of a BPF expression for frames of capture files. An
// expression that libpcap understands for no link type is an error at once,
// with libpcap's words.
//
// Names of hosts in the expression are looked up each time it is compiled.
func Compiler(expression string) (capture.Compiler, error) {
	compiler := func(link capture.LinkType, snaplen int) (capture.Matcher, error) {
		return compile(expression, link, snaplen)
	}
	_, err := compiler(capture.LinkEthernet, DefaultSnaplen)
	if err == nil {
		return compiler, nil
	}
	// Parts of the language exist for one kind of link only.
	for _, link := range []capture.LinkType{capture.LinkRadiotap, capture.LinkLinuxSLL2, capture.LinkPPP} {
		if _, other := compiler(link, DefaultSnaplen); other == nil {
			return compiler, nil
		}
	}
	return nil, err
}

// matcher is an expression that libpcap compiled for one link type, and runs.
type matcher struct{ program *pcap.BPF }

// Matches implements capture.Matcher. A load from beyond the captured bytes is no
// match, so a frame of which nothing was captured matches at most an expression
// about its length. It is never delivered: gopacket takes the address of the first
// byte, and a frame without bytes has nothing to find.
func (m matcher) Matches(data []byte, length int) bool {
	if len(data) == 0 {
		return false
	}
	yes := m.program.Matches(gopacket.CaptureInfo{CaptureLength: len(data), Length: length}, data)
	// gopacket hides both pointers from the collector while C uses them.
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

// checkText refuses what C would take for the end of the expression.
func checkText(expression string) error {
	if strings.ContainsRune(expression, 0) {
		return badExpression(expression, errNulByte)
	}
	return nil
}

// deadHandle opens a capture file with a header and nothing behind it, because
// that is how libpcap is told a link type of 16 bits: gopacket has 8. libpcap
// opens the pipe by its name in /dev/fd, and so closes its own descriptor.
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

// fileHeader is that of a classic capture without records.
func fileHeader(link capture.LinkType, snaplen int) []byte {
	order := binary.LittleEndian
	b := order.AppendUint32(nil, 0xa1b2c3d4)
	b = order.AppendUint16(b, 2)
	b = order.AppendUint16(b, 4)
	b = append(b, make([]byte, 8)...)
	b = order.AppendUint32(b, uint32(snaplen))
	return order.AppendUint32(b, uint32(link))
}
