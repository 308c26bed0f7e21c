package sensor

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"sync/atomic"
	"testing"

	"tlsfloor/capture"
	"tlsfloor/capture/decode"
	"tlsfloor/capture/testing/wrap"
	"tlsfloor/classify"
)

// nameClient is the nth of many clients.
func nameClient(n int) netip.Addr {
	return netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, 10<<24|1<<16|uint32(n))))
}

// clientsAfterDNS is the frames of clients that each ask for a name, and then connect to
// its address with an old hello without a name, so only DNS gives the name. For every
// tenth client, another client gets another name for the address just before.
func clientsAfterDNS(t testing.TB, clients int) (frames []capture.Frame) {
	hello := transcriptOf(t, namelessCapture).client
	at := int64(1_700_000_000e9)
	add := func(packet []byte) {
		frames = append(frames, wrapIn(at, packet, nil))
		at += 20e3
	}
	server := netip.MustParseAddr("192.0.2.10")
	for i := range clients {
		client := nameClient(i)
		name := fmt.Sprintf("b%d.s3.eu-west-1.amazonaws.com", i)
		if i%10 == 3 {
			client = nameClient(i - 1) // gets another name while it connects
		}
		for _, p := range dnsExchange(t, client, name, server) {
			add(p)
		}
		src, dst := netip.AddrPortFrom(client, uint16(1024+i%60000)), netip.AddrPortFrom(server, 443)
		add(wrap.TCP(wrap.Segment{Src: src, Dst: dst, Seq: 100, Flags: decode.SYN}, nil))
		add(wrap.TCP(wrap.Segment{Src: dst, Dst: src, Seq: 500, Ack: 101, Flags: decode.SYN | decode.ACK}, nil))
		add(wrap.TCP(wrap.Segment{Src: src, Dst: dst, Seq: 101, Ack: 501, Flags: decode.ACK}, hello[:min(len(hello), 1200)]))
		add(wrap.TCP(wrap.Segment{Src: dst, Dst: src, Seq: 501, Ack: 101, Flags: decode.RST}, nil))
	}
	return frames
}

// hostsFoundBy runs frames through n workers (1: a plain Sensor), and returns the client
// and the host of each finding, in order.
func hostsFoundBy(t testing.TB, n int, flaggedOnly bool, frames []capture.Frame) (found []string, stats Stats) {
	var tallied atomic.Int64
	with := func() Options {
		o := lineOptions(t, nil)
		o.FlaggedOnly = flaggedOnly
		o.Emit = func(f *classify.Finding) bool { return f.Flagged || !flaggedOnly }
		o.Tally = func(f *classify.Finding) { tallied.Add(1) }
		o.Deliver = func(f *classify.Finding) {
			found = append(found, fmt.Sprintf("%s %s %s %v %s %+v %+v", f.Client, f.Host, f.HostSource, f.Flagged, f.Reason, f.Hello, f.Answer))
		}
		return o
	}
	stats = runWith(t, n, &memorySource{frames: frames}, with)
	if uint64(tallied.Load()) != stats.Handshakes {
		t.Errorf("%d workers: %d findings tallied, %d handshakes", n, tallied.Load(), stats.Handshakes)
	}
	return found, stats
}

// 6,000 clients without a name in their hellos are all found and named, in the
// same order, however many workers there are.
func TestNamesAreNotDividedAmongWorkers(t *testing.T) {
	frames := clientsAfterDNS(t, 6000)
	for _, flaggedOnly := range []bool{true, false} {
		want, wantStats := hostsFoundBy(t, 1, flaggedOnly, frames)
		if len(want) != 6000 || wantStats.Flagged != 6000 {
			t.Fatalf("one sensor found %d, and %d flagged", len(want), wantStats.Flagged)
		}
		for _, n := range []int{2, 4, 32} {
			got, stats := hostsFoundBy(t, n, flaggedOnly, frames)
			if !slices.Equal(got, want) {
				t.Errorf("%d workers found %d, the first %q; want %q", n, len(got), got[:min(len(got), 1)], want[0])
			}
			compareStats(t, stats, wantStats)
		}
	}
}

// More connections end at once than maxPending: at the end of the capture, or after a
// pause.
func TestManyEndAtOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("make quick leaves out what takes seconds of work")
	}
	const connections = maxPending * 5 / 4
	frames := clientsAfterDNS(t, connections)
	open := make([]capture.Frame, 0, len(frames))
	for i, f := range frames {
		if i%6 != 5 { // without the segments that close the connections
			open = append(open, f)
		}
	}
	paused := slices.Clone(open)
	for i := len(paused) - 400; i < len(paused); i++ {
		paused[i].Time += 300e9
	}
	for name, frames := range map[string][]capture.Frame{"the capture ends": open, "a pause": paused} {
		want, wantStats := hostsFoundBy(t, 1, true, frames)
		if len(want) != connections {
			t.Fatalf("%s: one sensor found %d", name, len(want))
		}
		for _, n := range []int{2, 8} {
			got, stats := hostsFoundBy(t, n, true, frames)
			compareLines(t, got, want)
			compareStats(t, stats, wantStats)
			if again, _ := hostsFoundBy(t, n, true, frames); !slices.Equal(again, got) {
				t.Errorf("%s, %d workers: another order the second time", name, n)
			}
		}
	}
}

// Handshakes that are only counted are counted in scope by their names from DNS, with
// several workers as with one.
func TestWorkersCountWhatDNSNames(t *testing.T) {
	var frames []capture.Frame
	for _, name := range []string{"openssl-tls12-sni.pcap", "server-only.pcap", namelessCapture, "java-sslv2hello.pcap"} {
		of := read(t, name)
		var p decode.Packet
		decoder := decode.New(decode.Options{})
		for i := range of {
			if decoder.Decode(&of[i], &p) == decode.Segment {
				for _, end := range [][2]decode.Addr{{p.Src, p.Dst}, {p.Dst, p.Src}} {
					for _, d := range dnsExchange(t, end[0].Netip(false), "sqs.us-east-1.amazonaws.com", end[1].Netip(false)) {
						frames = append(frames, wrapIn(of[i].Time, d, nil))
					}
				}
				break
			}
		}
		frames = append(frames, of...)
	}
	slices.SortStableFunc(frames, func(a, b capture.Frame) int { return int(min(max(a.Time-b.Time, -1), 1)) })
	for _, flaggedOnly := range []bool{true, false} {
		want, wantStats := hostsFoundBy(t, 1, flaggedOnly, frames)
		if wantStats.InScope < 3 {
			t.Fatalf("%+v", wantStats)
		}
		for _, n := range []int{2, 5} {
			got, stats := hostsFoundBy(t, n, flaggedOnly, frames)
			compareLines(t, got, want)
			compareStats(t, stats, wantStats)
		}
	}
}

// FuzzWorkersNames: several workers find the same as one, with DNS messages and hellos
// in any order. Each byte is a step of one of eight clients.
func FuzzWorkersNames(f *testing.F) {
	f.Add([]byte{0x00, 0x40, 0x80, 0xc0}, uint8(2))
	f.Add([]byte{0x00, 0x08, 0x80, 0x40, 0x01, 0x41, 0x81, 0x09, 0x82, 0x42, 0xc2, 0x02}, uint8(3))
	f.Add(slices.Repeat([]byte{0x03, 0x43, 0x83, 0x0b, 0xc3}, 120), uint8(5))
	hello := transcriptOf(f, namelessCapture).client
	server := netip.MustParseAddr("192.0.2.10")
	hosts := []string{"s3.eu-west-1.amazonaws.com", "www.example.org", "sqs.us-east-1.amazonaws.com", "intranet.example"}
	f.Fuzz(func(t *testing.T, script []byte, workers uint8) {
		var frames []capture.Frame
		port := uint16(1024)
		for i, step := range script[:min(len(script), 600)] {
			client, host := nameClient(int(step&7)), hosts[step>>3&3]
			exchange := dnsExchange(t, client, host, server)
			src, dst := netip.AddrPortFrom(client, port), netip.AddrPortFrom(server, 443)
			var packet []byte
			switch step >> 6 {
			case 0:
				packet = exchange[0]
			case 1:
				packet = exchange[1]
			case 2:
				port++
				src = netip.AddrPortFrom(client, port)
				packet = wrap.TCP(wrap.Segment{Src: src, Dst: dst, Seq: 101, Flags: decode.ACK}, hello)
			case 3:
				packet = wrap.TCP(wrap.Segment{Src: dst, Dst: src, Seq: 501, Flags: decode.RST}, nil)
			}
			frames = append(frames, wrapIn(1_700_000_000e9+int64(i)*7e8, packet, nil))
		}
		want, _ := hostsFoundBy(t, 1, true, frames)
		got, _ := hostsFoundBy(t, 2+int(workers%7), true, frames)
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%d workers found\n%q\none\n%q", 2+workers%7, got, want)
		}
	})
}

// BenchmarkDNS runs a capture through workers in which two packets of five are DNS.
func BenchmarkDNS(b *testing.B) {
	frames := clientsAfterDNS(b, 6000)
	for _, n := range []int{1, 2, 4} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				hostsFoundBy(b, n, true, frames)
			}
			b.ReportMetric(float64(len(frames))*float64(b.N)/b.Elapsed().Seconds(), "packets/s")
		})
	}
}

// dnsFlood is a flood of answers, each with as many addresses as fit into a datagram.
func dnsFlood(t testing.TB) (frames []capture.Frame) {
	var addrs []netip.Addr
	for i := range 80 {
		addrs = append(addrs, netip.AddrFrom4([4]byte{198, 51, 100, byte(i)}))
	}
	for i := range 15_000 {
		packet := dnsExchange(t, nameClient(i), "flood.example", addrs...)[1]
		for k := range addrs {
			binary.BigEndian.PutUint16(packet[len(packet)-16*k-4:], uint16(i))
		}
		frames = append(frames, wrapIn(1_700_000_000e9+int64(i)*66e3, packet, nil))
	}
	return frames
}

// BenchmarkDNSFlood runs one second with 15,000 answers of 80 addresses.
func BenchmarkDNSFlood(b *testing.B) {
	frames := dnsFlood(b)
	for _, n := range []int{1, 2, 4} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				hostsFoundBy(b, n, true, frames)
			}
			b.ReportMetric(float64(len(frames))*float64(b.N)/b.Elapsed().Seconds(), "packets/s")
		})
	}
}
