package pcap

import (
	"math"
	"math/bits"
)

// scale converts a pcapng timestamp to nanoseconds since the Unix epoch. It is
// computed once for each interface, so that a packet costs one multiplication.
// Times before earliest become earliest, and times after latest become latest.
type scale struct {
	// A timestamp is multiplied, then divided by divide and by two to the power of
	// shift.
	multiply, divide uint64
	shift            uint
	// offset is added at the end: if_tsoffset, in nanoseconds.
	offset int64
}

const nanoseconds = 1_000_000_000

// A time is at least a day away from the limits of an int64, so that adding or
// subtracting a timeout cannot overflow.
const (
	day      = 24 * 60 * 60 * nanoseconds
	earliest = math.MinInt64 + day
	latest   = math.MaxInt64 - day // in the year 2262
)

var microseconds = decimalScale(6)

// newScale reads an if_tsresol: a power of ten, or of two when the highest bit
// is set (pcapng, 4.2).
func newScale(resolution byte) scale {
	power := uint(resolution & 0x7f)
	if resolution&0x80 != 0 {
		return scale{multiply: nanoseconds, divide: 1, shift: power}
	}
	return decimalScale(power)
}

func decimalScale(power uint) scale {
	switch {
	case power <= 9:
		return scale{multiply: powerOfTen(9 - power), divide: 1}
	case power <= 9+19:
		return scale{multiply: 1, divide: powerOfTen(power - 9)}
	}
	return scale{divide: 1} // the largest timestamp is less than a nanosecond
}

func powerOfTen(n uint) uint64 {
	p := uint64(1)
	for ; n > 0; n-- {
		p *= 10
	}
	return p
}

// time returns the time of a packet. Microseconds beyond the year 2262 are taken for
// nanoseconds that the interface does not declare, here and from here on.
func (s *scale) time(units uint64) int64 {
	high, low := bits.Mul64(units, s.multiply)
	if s.shift > 0 {
		high, low = shiftRight(high, low, s.shift)
	}
	if s.divide > 1 {
		low /= s.divide // multiply is 1 then, and so high 0
	}
	if high != 0 || low > latest {
		if s.multiply == 1000 && units <= math.MaxInt64 {
			*s = scale{multiply: 1, divide: 1, offset: s.offset}
			return s.time(units)
		}
		low = latest
	}
	if s.offset == 0 {
		return int64(low)
	}
	return max(earliest, min(saturatingAdd(int64(low), s.offset), latest))
}

func shiftRight(high, low uint64, n uint) (uint64, uint64) {
	if n >= 64 {
		return 0, high >> (n - 64)
	}
	return high >> n, high<<(64-n) | low>>n
}

// setOffset sets if_tsoffset, in seconds.
func (s *scale) setOffset(seconds int64) {
	const most = math.MaxInt64 / nanoseconds
	s.offset = max(-most, min(seconds, most)) * nanoseconds
}

// saturatingAdd returns the sum, or the limit that it is beyond.
func saturatingAdd(a, b int64) int64 {
	sum := a + b
	switch {
	case a > 0 && b > 0 && sum < 0:
		return math.MaxInt64
	case a < 0 && b < 0 && sum >= 0:
		return math.MinInt64
	}
	return sum
}
