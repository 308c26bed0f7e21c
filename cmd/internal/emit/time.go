package emit

import "time"

// appendTime writes ns, nanoseconds since the Unix epoch, as RFC 3339 in UTC
// with microseconds. int64 nanoseconds end in 2262: years have four digits.
// time.AppendFormat takes four times as long for this layout.
func appendTime(dst []byte, key string, ns int64) []byte {
	t := time.Unix(0, ns).UTC()
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	dst = append(appendKey(dst, key), '"')
	dst = appendTwo(appendTwo(dst, year/100), year%100)
	dst = appendTwo(append(dst, '-'), int(month))
	dst = appendTwo(append(dst, '-'), day)
	dst = appendTwo(append(dst, 'T'), hour)
	dst = appendTwo(append(dst, ':'), minute)
	dst = appendTwo(append(dst, ':'), second)
	micro := t.Nanosecond() / 1000
	dst = appendTwo(append(dst, '.'), micro/10000)
	dst = appendTwo(appendTwo(dst, micro/100%100), micro%100)
	return append(dst, 'Z', '"')
}

func appendTwo(dst []byte, n int) []byte {
	return append(dst, byte('0'+n/10), byte('0'+n%10))
}
