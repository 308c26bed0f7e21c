package main

import (
	"encoding/binary"
	"net/netip"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"tlsfloor/capture/decode"
	"tlsfloor/capture/testing/wrap"
)

const (
	floodMemory = 128 // MiB
	floodBuffer = 16  // MiB: the kernel maps its ring into the process
	// floodTries is how often the rate is halved if the kernel drops packets, which no
	// program can find.
	floodTries = 4
)

// testFlood sends packets of all kinds that fill tables, while real clients and servers
// agree on TLS 1.0.
func testFlood(t *testing.T, binary string) {
	w := newWire(t)
	w.here.serve(t, hereAddress+":443")
	flood := newFlood(w.newSender(t))
	for rate, try := 40_000, 0; try < floodTries; rate, try = rate/2, try+1 {
		if floodAt(t, w, binary, flood, rate) {
			return
		}
	}
	t.Skip("the kernel drops packets even at the lowest rate: this machine is too busy to say anything")
}

// floodAt reports whether the kernel dropped no packet.
func floodAt(t *testing.T, w *wire, binary string, flood *flood, rate int) bool {
	folder := room(t)
	events := filepath.Join(folder, "events")
	p := w.watch(t, folder, exec.Command(binary, "--memory", "128", "-B", "16384", "-o", "file:"+events))
	stop := p.measure()
	var made ledger
	stopClients := w.keepViolating(t, &made)
	before, begin := flood.sent, time.Now()
	paced(load(400_000), rate, flood.next)
	took := time.Since(begin)
	stopClients()
	time.Sleep(time.Second) // for packets in the kernel
	status := p.stop()
	peak, counts := stop(), p.counts()
	account := made.compare(violations(t, read(t, events)))
	t.Logf("figures: %d packets of flood at %.0f a second with real handshakes between them; kernel dropped %d; peak of memory %d MiB anonymous, %d MiB with the kernel's ring of %d MiB and the program's text, of --memory %d; %s",
		flood.sent-before, float64(flood.sent-before)/took.Seconds(), counts.dropped, peak.anonymous>>10, peak.resident>>10, floodBuffer, floodMemory, account)
	if counts.dropped > 0 {
		return false
	}
	if !account.exact() || account.sent < 10 || status != 0 {
		t.Errorf("%+v, status %d", account, status)
	}
	if peak.anonymous == 0 || peak.anonymous > floodMemory<<10 || peak.resident > (floodMemory+memoryBeside)<<10 {
		t.Errorf("the memory is not kept: %+v KiB", peak)
	}
	return true
}

// keepViolating makes about fifty real handshakes a second, until stop is called or the test
// ends.
func (w *wire) keepViolating(t *testing.T, made *ledger) (stop func()) {
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			client, err := w.there.violate(hereAddress + ":443")
			if err != nil {
				t.Errorf("a handshake: %v", err)
				return
			}
			made.add(client)
			select {
			case <-quit:
				return
			case <-time.After(15 * time.Millisecond):
			}
		}
	}()
	var once sync.Once
	stop = func() { once.Do(func() { close(quit) }); <-done }
	t.Cleanup(stop)
	return stop
}

// flood sends an attacker's packets, each from a new address. No host has their hardware
// address, so that the kernel does not process them.
type flood struct {
	*sender
	half []byte
	big  []byte
}

func newFlood(s *sender) *flood {
	half := append([]byte{22, 3, 1, 0x40, 0, 1, 0, 0x3f, 0xfc, 3, 3}, make([]byte, 1200)...)
	return &flood{s, half, make([]byte, 2800)}
}

// next sends the packet with a number. Of five, one is a SYN, two are half a hello, one is
// the first fragment of an incomplete packet, and one is data in an unknown connection.
func (f *flood) next(i int) {
	from, to := attackerOf(i/5), awsServer
	switch i % 5 {
	case 0:
		f.send(wrap.Ethernet(wrap.TCP(wrap.Segment{Src: attackerOf(1<<22 + i/5), Dst: to, Flags: decode.SYN}, nil)))
	case 1:
		f.send(wrap.Ethernet(wrap.TCP(wrap.Segment{Src: from, Dst: to, Flags: decode.SYN}, nil)))
	case 2:
		f.send(wrap.Ethernet(wrap.TCP(wrap.Segment{Src: from, Dst: to, Seq: 1, Flags: decode.ACK}, f.half)))
	case 3:
		f.send(wrap.Ethernet(wrap.Fragments(wrap.TCP(wrap.Segment{Src: from, Dst: to, Flags: decode.ACK}, f.big), 1400, uint32(i))[0]))
	case 4:
		f.send(wrap.Ethernet(wrap.TCP(wrap.Segment{Src: attackerOf(1<<23 + i/5), Dst: to, Seq: 77, Flags: decode.ACK}, f.half[200:])))
	}
}

func attackerOf(n int) netip.AddrPort {
	var ip [4]byte
	binary.BigEndian.PutUint32(ip[:], 0x0b000000+uint32(n))
	return netip.AddrPortFrom(netip.AddrFrom4(ip), 50000)
}
