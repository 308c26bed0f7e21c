package sensor

import (
	"net/netip"
	"sync/atomic"
	"testing"
)

// The handshakes of tlsfloor itself are counted apart, and no events, with one sensor and
// with several. What is below TLS 1.2 is never tlsfloor's, whoever says so.
func TestOwnHandshakesAreNoEvents(t *testing.T) {
	for name, own := range map[string]uint64{
		"go-tls13-sni.pcap": 1, "go-tls12-sni.pcap": 1, "go-tls12-nosni.pcap": 1, // offered and selected
		"go-tls11-sni.pcap": 0, "openssl-tls10-sni.pcap": 0, "java-tls10-refused.pcap": 0, "java-ssl3.pcap": 0, // selected, or offered, below
	} {
		for _, workers := range []int{1, 3} {
			for _, flaggedOnly := range []bool{false, true} {
				var asked atomic.Int32
				events, stats := runWorkers(t, workers, read(t, name), func(o *Options) {
					o.FlaggedOnly = flaggedOnly
					o.Own = func(client, server netip.AddrPort, hello int64) bool {
						if asked.Add(1); server.Port() != 443 || client.Port() < 1024 || hello == 0 {
							t.Errorf("%s: %s to %s at %d", name, client, server, hello)
						}
						return true
					}
				})
				if stats.Own != own || stats.Handshakes != 1-own || len(events) != int(1-own) || asked.Load() != int32(own) {
					t.Errorf("%s, %d workers, %t: %d own, %d handshakes, %d events, asked %d times", name, workers, flaggedOnly, stats.Own, stats.Handshakes, len(events), asked.Load())
				}
			}
		}
	}
}

// Others' handshakes are not affected.
func TestOthersHandshakesAreEvents(t *testing.T) {
	events, stats := runWorkers(t, 1, read(t, "go-tls13-sni.pcap"), func(o *Options) {
		o.Own = func(_, _ netip.AddrPort, _ int64) bool { return false }
	})
	if len(events) != 1 || stats.Own != 0 {
		t.Errorf("%d events, %d own", len(events), stats.Own)
	}
}

// A connection of tlsfloor itself that was open before the capture began is no blind spot.
// Anybody else's is.
func TestOwnConnectionsFromBeforeAreNoBlindSpot(t *testing.T) {
	for _, own := range []bool{false, true} {
		frames := read(t, "go-tls13-sni.pcap")[12:] // without the SYNs and hellos
		_, stats := runWorkers(t, 1, frames, func(o *Options) {
			o.Own = func(_, server netip.AddrPort, _ int64) bool { return own && server.Port() == 443 }
		})
		if open := stats.Unseen.OpenAtStart; open != 1 && !own || open != 0 && own {
			t.Errorf("own: %t: %d connections open at the start", own, open)
		}
	}
}
