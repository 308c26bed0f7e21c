package names

import (
	"fmt"
	"net/netip"
	"testing"
)

func answered(n int, from uint32) []byte {
	var addrs []netip.Addr
	for i := range n {
		addrs = append(addrs, addressed(from+uint32(i)).Addr())
	}
	return answerFor(1, "bucket.s3.amazonaws.com", 60, addrs...)
}

func BenchmarkLearnAgain(b *testing.B) {
	for _, n := range []int{1, 8, 80} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := NewStore(Options{})
			ask, answer := queryFor(1, "bucket.s3.amazonaws.com"), answered(n, 0xc0000200)
			b.ReportAllocs()
			for b.Loop() {
				s.Learn(start, bare, alice, resolver, ask)
				s.Learn(start, bare, resolver, alice, answer)
			}
		})
	}
}

func BenchmarkLearnFlood(b *testing.B) {
	for _, n := range []int{1, 8, 80} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := NewStore(Options{})
			answer := answered(n, 0xc0000200)
			b.ReportAllocs()
			i := uint32(0)
			for b.Loop() {
				i++
				for k := range n { // other addresses each time
					at := len(answer) - 16*k - 4
					answer[at], answer[at+1], answer[at+2] = byte(i>>16), byte(i>>8), byte(i)
				}
				answer[13], answer[14], answer[15] = 'a'+byte(i&15), 'a'+byte(i>>4&15), 'a'+byte(i>>8&15)
				s.Learn(start, bare, resolver, addressed(10<<24|i), answer)
			}
		})
	}
}
