package packettime

import "testing"

func TestClock(t *testing.T) {
	const day = 86400 * second
	cases := []struct {
		name  string
		times []int64 // of packets, in seconds
		want  int64   // that have passed at the end
	}{
		{"as packets come", []int64{100, 101, 102, 103}, 3},
		{"a pause", []int64{100, 101, 102, 302, 303, 304}, 204},
		{"a pause that one packet ends", []int64{100, 101, 102, 302}, 2},
		{"one packet ahead", []int64{100, 101, 102, 302, 103, 104}, 4},
		{"two packets ahead", []int64{100, 101, 102, 302, 303, 103, 104}, 4},
		{"two packets ahead, apart", []int64{100, 101, 102, 302, 103, 303, 104}, 4},
		{"one packet behind", []int64{1000, 1001, 1002, 102, 1003, 1004}, 4},
		{"one a day ahead", []int64{100, 101, 102, 86502, 103, 104}, 4},
		{"the first one ahead", []int64{300, 100, 101, 102, 103}, 1},
		{"the first one behind", []int64{50, 250, 251, 252, 253}, 1},
		{"a clock set forward", []int64{100, 101, 102, 90000, 90001, 90002, 90003}, 3},
		{"a clock set back", []int64{90000, 90001, 90002, 100, 101, 102, 103}, 3},
		{"a little out of order", []int64{100, 101, 99, 102, 101, 103}, 3},
	}
	for _, k := range cases {
		var c Clock
		for _, at := range k.times {
			c.Tick(at * second)
		}
		var began Clock
		began.Tick(k.times[0] * second)
		if got := (c.Now() - began.Now()) / second; got != k.want {
			t.Errorf("%s: %d s have passed, want %d", k.name, got, k.want)
		}
	}
	var c Clock
	for _, at := range []int64{0, 1 << 62, -1 << 62, 1<<63 - 1, -1 << 63, day} {
		c.Tick(at) // times are the network's: none may lead to a panic
		c.Claimed()
	}
}
