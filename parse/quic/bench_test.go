package quic

import "testing"

// A client's Initial packet, with its keys: what a new connection costs.
func BenchmarkInitial(b *testing.B) {
	packet := sample(b, "rfc9001-a2-client-initial")
	var p Pool
	b.ReportAllocs()
	for b.Loop() {
		var c Connection
		if c.Push(0, packet, 0, &p) != Opened {
			b.Fatal("not opened")
		}
		c.Consume(0, len(c.Ready(0)))
		c.Close(&p)
	}
}

// The packets of both ends.
func BenchmarkBothInitials(b *testing.B) {
	client, server := sample(b, "rfc9001-a2-client-initial"), sample(b, "rfc9001-a3-server-initial")
	var p Pool
	b.ReportAllocs()
	for b.Loop() {
		var c Connection
		if c.Push(0, client, 0, &p)|c.Push(1, server, 0, &p) != Opened {
			b.Fatal("not opened")
		}
		c.Close(&p)
	}
}

// A datagram that is not QUIC.
func BenchmarkLook(b *testing.B) {
	short := []byte("\x40 a short header and more")
	for b.Loop() {
		if k, _ := Look(short, 0); k != Foreign {
			b.Fatal(k)
		}
	}
}
