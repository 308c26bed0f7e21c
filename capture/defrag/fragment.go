package defrag

// Key names the datagram that a fragment belongs to. It holds no pointers, so
// the garbage collector does not look at the keys of the Store's map.
type Key struct {
	Src, Dst [16]byte
	Network  [4]uint32 // where the addresses are valid
	ID       uint32
	Protocol uint8 // IPv4 only
	// Origin keeps apart what different senders of tunnels send: the fragments of one
	// do not complete a datagram of another.
	Origin uint8
	V6     bool

	rival bool // see Store.addRival
}

// Fragment is one piece of a datagram as it was captured.
type Fragment struct {
	From, To  int    // the bytes of the datagram that it claims: To is the first one after them
	Limit     int    // the most bytes that a datagram of its kind may have
	Last      bool   // no more fragments follow
	Protocol  uint8  // what the datagram begins with; only the first fragment's counts
	NoTCP     bool   // Protocol is none that carries TCP
	Data      []byte // the captured part, from From on
	Anomalies Anomaly
}

// Anomaly is a set of oddities of the fragments of one datagram, as bits.
type Anomaly uint8

const (
	// Overlap: two fragments claimed the same bytes (RFC 5722, RFC 1858 3). The
	// first to arrive was kept.
	Overlap Anomaly = 1 << iota
	// Tiny: the first fragment ended inside the TCP header (RFC 1858, RFC 3128).
	Tiny
	// Conflict: two fragments cannot both be genuine, because they disagree on
	// where the datagram ends, or because one arrived after the datagram was
	// complete. The later one was refused.
	Conflict
)

const (
	protocolTCP = 6
	tcpHeader   = 20 // without options
	portsSize   = 4  // of the ports at the start of a TCP header
)

// trim cuts an IPv4 fragment that others follow to a multiple of eight bytes, as
// Linux does. IPv6 requires that such a fragment is discarded (RFC 8200, 4.5).
func (f *Fragment) trim() {
	f.To &^= 7
	f.Data = f.Data[:min(len(f.Data), max(0, f.To-f.From))]
}

// valid reports whether the fragment may be part of any datagram: not empty
// (the teardrop attack), not beyond the longest packet (the ping of death), and a
// multiple of eight bytes unless it is the last.
func (f *Fragment) valid() bool {
	return f.From < f.To && f.To <= f.Limit && (f.Last || f.To%8 == 0)
}

// ports returns the bytes with the ports, or nil if this is not the first
// fragment of a TCP segment.
func (f *Fragment) ports() []byte {
	if f.From != 0 || f.Protocol != protocolTCP || len(f.Data) < portsSize {
		return nil
	}
	return f.Data[:portsSize]
}

// tiny reports whether a first fragment ends inside the TCP header, which hides
// ports or flags from a filter that reads only the first fragment (RFC 1858, 3;
// RFC 3128).
func (f *Fragment) tiny() bool {
	if f.From != 0 || f.Protocol != protocolTCP {
		return false
	}
	return f.To < tcpHeader || len(f.Data) > 12 && f.To < int(f.Data[12]>>4)*4
}

// captured returns the captured bytes of the datagram from from to to.
func (f *Fragment) captured(from, to int) []byte {
	n := len(f.Data)
	return f.Data[min(n, from-f.From):min(n, to-f.From)]
}
