package capture

import (
	"errors"
	"fmt"
)

// Frame is one captured frame. A Source fills the same Frame again and again.
type Frame struct {
	// Time is the capture time in nanoseconds since the Unix epoch.
	Time int64
	// Data holds the captured bytes, beginning with the link-layer header.
	// It is borrowed from the source and valid until its next call to Next.
	Data []byte
	// Length is the frame's length on the wire in bytes: more than len(Data)
	// when the snapshot length cut the frame.
	Length int
	// Link says which header Data begins with.
	Link LinkType
	// Source is the interface or the capture file, as the user named it.
	Source string
}

// Source delivers frames in the order they are to be processed.
//
// A Source is used by one goroutine; only Interrupt-like methods of concrete
// sources say otherwise.
type Source interface {
	// Next fills f. It returns io.EOF when every input has ended,
	// ErrTimeout when a live interface was quiet for a while, and an
	// *InputError when one input ended early: what was read before it stands,
	// and the caller goes on calling Next for the inputs that are left.
	// Any other error ends the source.
	Next(f *Frame) error
	// Stats returns the counts so far.
	Stats() Stats
	// Close releases the inputs. Frames lent out are invalid afterwards.
	Close() error
}

// Lender is a Source whose frames can outlive the next call to Next.
type Lender interface {
	// Lend has exchange called, by Next, with each buffer that would be used
	// again for other frames, of which some may have been lent: it keeps that
	// one as long as it needs them, and returns another at least as long.
	Lend(exchange func(old []byte) []byte)
}

// ErrTimeout says that no frame arrived within a live source's read timeout,
// so that the caller can do its housekeeping. It is not a failure.
var ErrTimeout = errors.New("no packet within the read timeout")

// InputError is trouble with one input of a source: a file that is not a
// capture, a truncated file, an interface that went away.
type InputError struct {
	Name string // the input, as the user named it
	Err  error
}

func (e *InputError) Error() string { return e.Name + ": " + e.Err.Error() }

func (e *InputError) Unwrap() error { return e.Err }

// Stats counts what a source delivered and what was lost before it.
type Stats struct {
	Frames           uint64 // frames delivered by Next
	Bytes            uint64 // captured bytes in them
	Filtered         uint64 // frames read and not delivered: the BPF expression did not match
	KernelDropped    uint64 // frames the kernel dropped because its buffer was full
	InterfaceDropped uint64 // frames the interface or its driver dropped
}

// Matcher decides whether a frame is delivered. One goroutine at a time uses it.
type Matcher interface {
	// Matches reports whether a frame with these captured bytes and this
	// length on the wire passes. It keeps no reference to data.
	Matches(data []byte, length int) bool
}

// Compiler makes a Matcher of one fixed expression for frames of a link type:
// the same BPF expression is a different program for each.
type Compiler func(link LinkType, snaplen int) (Matcher, error)

// LinkType is a LINKTYPE_ value, as capture files hold it
// (https://www.tcpdump.org/linktypes.html). It is 16 bits wide here because
// gopacket's 8 bits turn LINUX_SLL2 (276) into 20.
type LinkType uint16

// The link types capture/decode knows, and the names of a few others that
// people meet.
const (
	LinkNull      LinkType = 0
	LinkEthernet  LinkType = 1
	LinkPPP       LinkType = 9
	LinkPPPHDLC   LinkType = 50
	LinkPPPoE     LinkType = 51
	LinkRaw       LinkType = 101
	LinkCHDLC     LinkType = 104
	Link80211     LinkType = 105
	LinkLoop      LinkType = 108
	LinkLinuxSLL  LinkType = 113
	LinkRadiotap  LinkType = 127
	LinkIPv4      LinkType = 228
	LinkIPv6      LinkType = 229
	LinkNFLOG     LinkType = 239
	LinkLinuxSLL2 LinkType = 276
)

var linkNames = map[LinkType]string{
	LinkNull: "NULL", LinkEthernet: "ETHERNET", LinkPPP: "PPP", LinkPPPHDLC: "PPP_HDLC",
	LinkPPPoE: "PPP_ETHER", LinkRaw: "RAW", LinkCHDLC: "C_HDLC", Link80211: "IEEE802_11",
	LinkLoop: "LOOP", LinkLinuxSLL: "LINUX_SLL", LinkRadiotap: "IEEE802_11_RADIOTAP",
	LinkIPv4: "IPV4", LinkIPv6: "IPV6", LinkNFLOG: "NFLOG", LinkLinuxSLL2: "LINUX_SLL2",
}

// String names the link type and gives its number: "ETHERNET (1)".
func (t LinkType) String() string {
	if name, ok := linkNames[t]; ok {
		return fmt.Sprintf("%s (%d)", name, uint16(t))
	}
	return fmt.Sprintf("link type %d", uint16(t))
}
