package flow

import "tlsfloor/capture/decode"

// maxPadding is the longest padding that can look like data: an Ethernet frame of 60
// bytes has six after an IPv4 and a TCP header of 20 each. Some network cards and
// hypervisors include it in the IP packet's length (nDPI issue 1946, opte issue 367), so
// that an acknowledgement alone seems to carry six zeros.
const maxPadding = 6

// doubt is the place of a segment that may be padding, or a few zeros of data.
type doubt struct {
	seq  uint32
	size uint8
}

func (x doubt) end() uint32 { return x.seq + uint32(x.size) }

// padded reports whether a segment may be an acknowledgement alone with padding. The next
// data of its direction decides: it comes after the zeros, or in their place.
func padded(p *decode.Packet) bool {
	if len(p.Payload) > maxPadding || p.Flags != decode.ACK {
		return false
	}
	for _, b := range p.Payload {
		if b != 0 {
			return false
		}
	}
	return true
}

// doubts reports whether a segment may still be padding, and remembers it then. It is data
// if bytes right after it were received already.
func (h *half) doubts(seq uint32, size int) bool {
	if h.is(synced) && distance(seq, h.next) < 0 {
		return true // the consumer had these bytes already
	}
	k := h.ensureKept()
	x := doubt{seq, uint8(size)}
	for i := range k.pending {
		if p := k.pending[i]; distance(p.seq, x.end()) <= 0 && distance(p.end(), x.seq) > 0 {
			return false
		}
	}
	at := 0
	for at < k.doubts && distance(k.doubt[at].seq, seq) < 0 {
		at++
	}
	switch {
	case at < k.doubts && k.doubt[at].seq == seq:
		return true
	case k.doubts == maxDoubts:
		return false
	}
	k.doubts++
	copy(k.doubt[at+1:k.doubts], k.doubt[at:])
	k.doubt[at] = x
	return true
}

// resolve decides doubts by a segment of their direction: zeros right before it were data,
// and zeros in its place were padding. It returns where the zeros that were data begin,
// and how many there are.
func (k *kept) resolve(seq uint32, size int) (from uint32, zeros int) {
	from = seq
	for i := k.doubts - 1; i >= 0; i-- {
		x := k.doubt[i]
		switch {
		case x.end() == from:
			from, zeros = x.seq, zeros+int(x.size)
		case distance(x.end(), seq) <= 0 || distance(seq+uint32(size), x.seq) <= 0:
			continue
		}
		k.forget(i)
	}
	return from, zeros
}

// acknowledged removes and returns a doubt that the other end acknowledged, and that was
// data therefore.
func (k *kept) acknowledged(ack uint32) (data doubt, ok bool) {
	if k.doubts == 0 || !within(ack, k.doubt[0].end(), window) {
		return doubt{}, false
	}
	data = k.doubt[0]
	k.forget(0)
	return data, true
}

// forget removes the ith doubt.
func (k *kept) forget(i int) {
	k.doubts--
	copy(k.doubt[i:k.doubts], k.doubt[i+1:])
}

var zeros [maxDoubts * maxPadding]byte
