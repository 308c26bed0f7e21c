package pcap

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

func TestScale(t *testing.T) {
	tests := map[string]struct {
		resolution byte
		offset     int64
		units      uint64
		want       int64
	}{
		"microseconds":             {6, 0, 1_772_366_400_123_456, 1_772_366_400_123_456_000},
		"seconds":                  {0, 0, 1_772_366_400, 1_772_366_400_000_000_000},
		"nanoseconds":              {9, 0, 1_772_366_400_123_456_789, 1_772_366_400_123_456_789},
		"picoseconds":              {12, 0, 1_500, 1},
		"finest that shows":        {28, 0, math.MaxUint64, 1},
		"finer than that":          {29, 0, math.MaxUint64, 0},
		"finest decimal":           {127, 0, math.MaxUint64, 0},
		"half seconds":             {0x81, 0, 3, 1_500_000_000},
		"2 to the power of 0":      {0x80, 0, 3, 3_000_000_000},
		"2 to the power of 32":     {0xa0, 0, 1<<32 | 1<<31, 1_500_000_000},
		"2 to the power of 64":     {0xc0, 0, math.MaxUint64, 999_999_999},
		"2 to the power of 127":    {0xff, 0, math.MaxUint64, 0},
		"offset":                   {6, 100, 1, 100_000_001_000},
		"negative offset":          {6, -100, 1, -99_999_999_000},
		"seconds too far":          {0, 0, math.MaxUint64, latest},
		"nanoseconds too far":      {9, 0, math.MaxUint64, latest},
		"half seconds too far":     {0x81, 0, math.MaxUint64, latest},
		"offset too far":           {6, math.MaxInt64, 1 << 60, latest},
		"offset too far back":      {6, math.MinInt64, 0, earliest},
		"one makes up for another": {9, -100_000, math.MaxUint64, latest - 100_000*nanoseconds},
		"undeclared nanoseconds":   {6, 0, 1_772_366_400_123_456_789, 1_772_366_400_123_456_789},
		"the last microsecond":     {6, 0, latest / 1000, latest / 1000 * 1000},
		"microseconds too far":     {6, 0, math.MaxUint64, latest},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newScale(test.resolution)
			s.setOffset(test.offset)
			if got := s.time(test.units); got != test.want {
				t.Errorf("%d units are %d ns, want %d", test.units, got, test.want)
			}
		})
	}
}

// TestScaleAgainstBig compares with a computation with unbounded integers.
func TestScaleAgainstBig(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		resolution := byte(r.Uint32())
		units := r.Uint64() >> r.UintN(64)
		s := newScale(resolution)
		if got, want := s.time(units), bigTime(resolution, units); got != want {
			t.Fatalf("%d units of resolution %#x are %d ns, want %d", units, resolution, got, want)
		}
	}
}

func bigTime(resolution byte, units uint64) int64 {
	base := int64(10)
	if resolution&0x80 != 0 {
		base = 2
	}
	perSecond := new(big.Int).Exp(big.NewInt(base), big.NewInt(int64(resolution&0x7f)), nil)
	ns := new(big.Int).SetUint64(units)
	ns.Mul(ns, big.NewInt(nanoseconds)).Quo(ns, perSecond)
	switch {
	case ns.Cmp(big.NewInt(latest)) > 0 && resolution == 6 && units <= math.MaxInt64:
		return min(int64(units), latest) // undeclared nanoseconds
	case ns.Cmp(big.NewInt(latest)) > 0:
		return latest
	}
	return ns.Int64()
}
