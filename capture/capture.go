package capture

import (
	"errors"
	"fmt"
)

// Frame is one captured frame. A Source fills the same Frame again and again.
type Frame struct {
	// Time is the capture time in nanoseconds since the Unix epoch.
	Time int64
	// Data holds the captured bytes, beginning with the link-layer header. It belongs to
	// the source, and is valid until the next call to its Next.
	Data []byte
	// Length is the frame's length on the wire in bytes: more than len(Data)
	// when the snapshot length cut the frame.
	Length int
	// Link is the kind of header that Data begins with.
	Link LinkType
	// Source is the interface or the capture file, as the user named it.
	Source string
}

// Source delivers frames in the order in which they are to be processed.
//
// A Source is used by one goroutine, except for methods of concrete sources that are
// documented otherwise.
type Source interface {
	// Next fills f. It returns io.EOF when every input has ended, ErrTimeout when no
	// frame arrived on a live interface, and an *InputError when one input ended early:
	// the frames before that remain valid, and the caller goes on calling Next for the
	// other inputs. Any other error ends the source.
	Next(f *Frame) error
	// Stats returns the counts so far.
	Stats() Stats
	// Close releases the inputs. The bytes of frames are invalid afterwards.
	Close() error
}

// Lender is a Source whose frames can outlive the next call to Next.
type Lender interface {
	// Lend makes Next call exchange with each buffer before it uses that again for other
	// frames. exchange keeps the buffer as long as frames in it are needed, and returns
	// another one that is at least as long.
	Lend(exchange func(old []byte) []byte)
}

// ErrTimeout is returned when no frame arrived within a live source's read timeout, so
// that the caller can do what depends on time. It is not a failure.
var ErrTimeout = errors.New("no packet within the read timeout")

// InputError is an error of one input of a source: a file that is not a capture, a
// truncated file, an interface that was removed.
type InputError struct {
	Name string // the input, as the user named it
	Err  error
}

func (e *InputError) Error() string { return e.Name + ": " + e.Err.Error() }

func (e *InputError) Unwrap() error { return e.Err }

// What can be wrong with a capture that is read. A source wraps these errors in
// an *InputError, with the place in the file where there is one.
var (
	// ErrNotCapture: the content is in no capture format that is known.
	ErrNotCapture = errors.New("not a capture file (pcap or pcapng)")
	// ErrUnsupported: a capture in a format or version that is not read.
	ErrUnsupported = errors.New("unsupported capture format")
	// ErrTruncated: the input ended inside a record, a header or its
	// compressed data. The frames before it were delivered.
	ErrTruncated = errors.New("truncated")
	// ErrDamaged: a length or a number contradicts the format, so that what
	// follows cannot be found. The frames before it were delivered.
	ErrDamaged = errors.New("damaged")
)

// Stats counts what a source delivered and what was lost before it.
type Stats struct {
	Frames           uint64 // frames delivered by Next
	Bytes            uint64 // captured bytes in them
	Filtered         uint64 // frames read and not delivered: the BPF expression did not match
	KernelDropped    uint64 // frames the kernel dropped because its buffer was full
	InterfaceDropped uint64 // frames the interface or its driver dropped
}

// Matcher decides whether a frame is delivered. It is used by one goroutine at a time.
type Matcher interface {
	// Matches reports whether a frame is delivered. data is what was captured of it, and
	// length its length on the wire. It keeps no reference to data.
	Matches(data []byte, length int) bool
}

// Compiler makes a Matcher for frames of a link type, always of the same BPF expression:
// an expression is a different program for each link type.
type Compiler func(link LinkType, snaplen int) (Matcher, error)

// LinkType is a LINKTYPE_ value of capture files
// (https://www.tcpdump.org/linktypes.html). It has 16 bits, because gopacket's 8 bits
// turn LINUX_SLL2 (276) into 20.
type LinkType uint16

// The link types that capture/decode reads, and a few others that are common.
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

// String returns the link type's name and number: "ETHERNET (1)".
func (t LinkType) String() string {
	if name, ok := linkNames[t]; ok {
		return fmt.Sprintf("%s (%d)", name, uint16(t))
	}
	return fmt.Sprintf("link type %d", uint16(t))
}
