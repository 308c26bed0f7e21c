package cache

import (
	"strconv"
	"testing"
)

func TestCacheIsBounded(t *testing.T) {
	const limit = 100
	c := New[int, string](limit)
	for i := range 10 * limit {
		c.Put(i, strconv.Itoa(i))
		if n := c.Len(); n > limit {
			t.Fatalf("%d keys", n)
		}
		if value, ok := c.Get(i); !ok || value != strconv.Itoa(i) {
			t.Fatalf("%d: %q, %v", i, value, ok)
		}
	}
	if _, ok := c.Get(0); ok {
		t.Error("what nobody asks for stays")
	}
}

// What is in use outlives any number of keys that come once.
func TestFloodDoesNotPushOut(t *testing.T) {
	const limit = 8
	c := New[string, int](limit)
	c.Put("in use", 7)
	for i := range 1000 {
		c.Put(strconv.Itoa(i), i)
		if value, ok := GetBytes(&c, []byte("in use")); !ok || value != 7 {
			t.Fatalf("gone after %d other keys", i+1)
		}
	}
}

func TestGetDoesNotAllocate(t *testing.T) {
	c := New[string, int](8)
	key := []byte("a key that is longer than what fits on the stack for a conversion")
	c.Put(string(key), 1)
	if n := testing.AllocsPerRun(100, func() { GetBytes(&c, key) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestSmallest(t *testing.T) {
	for _, limit := range []int{-1, 0, 1, 2} {
		c := New[int, int](limit)
		c.Put(1, 2)
		if value, ok := c.Get(1); !ok || value != 2 {
			t.Errorf("limit %d: %v, %v", limit, value, ok)
		}
	}
}

func BenchmarkGet(b *testing.B) {
	b.ReportAllocs()
	c, key := New[*int, []byte](1024), new(int)
	c.Put(key, []byte("x"))
	for b.Loop() {
		c.Get(key)
	}
}
