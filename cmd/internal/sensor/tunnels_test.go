package sensor

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"tlsfloor/capture"
	"tlsfloor/capture/decode"
	"tlsfloor/capture/testing/wrap"
	"tlsfloor/classify"
	"tlsfloor/cmd/internal/blind"
)

var (
	trustNobody = decode.Trust{Limited: true}
	trustOwn    = decode.Trust{Limited: true, Own: true}

	target   = netip.MustParseAddr("10.9.9.9") // the destination of mirrors
	stranger = netip.MustParseAddr("203.0.113.66")
)

// runWorkers runs frames through n workers (1: a plain Sensor), with options that
// change has changed.
func runWorkers(t testing.TB, n int, frames []capture.Frame, change func(*Options)) (events []string, stats Stats) {
	t.Helper()
	stats = runWith(t, n, &memorySource{frames: frames}, func() Options {
		o := lineOptions(t, &events)
		change(&o)
		return o
	})
	return events, stats
}

// withTrust sets which senders of tunnels are believed.
func withTrust(trust decode.Trust) func(*Options) {
	return func(o *Options) { o.Decode.Trust = trust }
}

// inTunnel puts frames into tunnels to target. sender chooses the sender by the packet
// in the frame.
func inTunnel(t testing.TB, frames []capture.Frame, sender func(p *decode.Packet) netip.Addr) (out []capture.Frame) {
	t.Helper()
	decoder := decode.New(decode.Options{})
	for _, f := range frames {
		var p decode.Packet
		decoder.Decode(&f, &p)
		from := sender(&p)
		f.Data = wrap.Ethernet(wrap.VXLAN(wrap.Ends{Src: from, Dst: target}, 7, f.Data))
		f.Length = len(f.Data)
		out = append(out, f)
	}
	return out
}

func fixedSender(a netip.Addr) func(*decode.Packet) netip.Addr {
	return func(*decode.Packet) netip.Addr { return a }
}

// forEachOneClientCapture calls check for each capture whose handshakes all have the
// same client and server, with their addresses.
func forEachOneClientCapture(t *testing.T, check func(name string, frames []capture.Frame, client, server netip.Addr)) {
	checked := 0
	for _, name := range segmentOnlyCaptures(t) {
		frames := plainFrames(piecesOf(t, name))
		_, places, _ := runFrames(t, frames)
		if len(places) == 0 || slices.ContainsFunc(places, func(f *classify.Finding) bool {
			return f.Client.Addr() != places[0].Client.Addr() || f.Server.Addr() != places[0].Server.Addr() || f.Client.Addr() == f.Server.Addr() || f.Client.Addr().Is6()
		}) {
			continue
		}
		checked++
		check(name, frames, places[0].Client.Addr(), places[0].Server.Addr())
	}
	if checked < 30 {
		t.Errorf("%d captures", checked)
	}
}

// A stranger's tunnel brings no connection and no name, and all its packets are counted,
// with one worker and with several.
func TestStrangersTunnelIsNotBelieved(t *testing.T) {
	frames := slices.Concat(read(t, "openssl-tls10-sni.pcap"), read(t, namelessCapture), read(t, "openssl-tls10-dns-tcp.pcap"))
	frames = inTunnel(t, frames, fixedSender(stranger))
	for _, n := range []int{1, 2, 4} {
		events, all := runWorkers(t, n, frames, withTrust(decode.Trust{}))
		if len(events) != 3 {
			t.Errorf("%d workers, all believed: %d events", n, len(events))
		}
		carried := all.Decode.Results[decode.Segment] + all.Decode.Results[decode.Datagram]
		for name, trust := range map[string]decode.Trust{"nobody": trustNobody, "its own": trustOwn} {
			events, stats := runWorkers(t, n, frames, withTrust(trust))
			spots := stats.Blind().Spots()
			want := blind.Spot{Cause: cause(t, "tunnels_not_believed"), Count: stats.Decode.Results[decode.Disbelieved], Top: []blind.Item{{Name: stranger.String(), Count: stats.Decode.Results[decode.Disbelieved]}}}
			if len(events) != 0 || stats.Flow.Flows != 0 || len(spots) != 1 || fmt.Sprint(spots[0]) != fmt.Sprint(want) || want.Count < carried {
				t.Errorf("%d workers, %s: %d events, %d flows, %v", n, name, len(events), stats.Flow.Flows, spots)
			}
		}
	}
}

// In AWS Traffic Mirroring the mirrored client is the tunnel's sender. If it is believed
// about its own packets, the findings are those with all senders believed.
func TestMirroredClientIsBelieved(t *testing.T) {
	forEachOneClientCapture(t, func(name string, frames []capture.Frame, client, _ netip.Addr) {
		mirrored := inTunnel(t, frames, fixedSender(client))
		want, _ := runWorkers(t, 1, mirrored, withTrust(decode.Trust{}))
		for _, n := range []int{1, 2, 4} {
			got, stats := runWorkers(t, n, mirrored, withTrust(trustOwn))
			same(t, "mirrored", name, sorted(got), sorted(want))
			if stats.Decode.Results[decode.Disbelieved]+stats.Tunnels.Clients.Total > 0 {
				t.Errorf("%s: %v", name, stats.Blind().Spots())
			}
		}
	})
}

// DNS of a mirrored client names its destinations, in datagrams and over TCP.
func TestMirroredDNSNamesDestinations(t *testing.T) {
	for _, name := range []string{namelessCapture, "openssl-tls10-dns-tcp.pcap"} {
		frames := inTunnel(t, read(t, name), fixedSender(netip.MustParseAddr("10.0.0.5")))
		for _, n := range []int{1, 2, 4} {
			events, _ := runWorkers(t, n, frames, withTrust(trustOwn))
			if len(events) != 1 || !strings.Contains(events[0], `"host_source":"dns"`) {
				t.Errorf("%s, %d workers: %q", name, n, events)
			}
		}
	}
}

// A sender's tunnels cannot accuse another host: a server is not believed about its
// clients.
func TestTunnelSenderCannotAccuseOthers(t *testing.T) {
	forEachOneClientCapture(t, func(name string, frames []capture.Frame, client, server netip.Addr) {
		_, places, _ := runFrames(t, frames)
		for _, n := range []int{1, 2, 4} {
			events, stats := runWorkers(t, n, inTunnel(t, frames, fixedSender(server)), withTrust(trustOwn))
			want := fmt.Sprint([]blind.AddressCount{{Addr: server, Count: uint64(len(places))}})
			if len(events) != 0 || stats.Handshakes != 0 || fmt.Sprint(stats.Tunnels.Clients.List) != want {
				t.Errorf("%s, %d workers: %d events, %d handshakes, clients that are not believed %v", name, n, len(events), stats.Handshakes, stats.Tunnels.Clients.List)
			}
		}
	})
}

// The server of a connection sends, in a tunnel, forged packets of its client, with the
// right sequence numbers and before the client's own. The findings are those of the
// client's own packets.
func TestServerCannotForgeItsClientsPackets(t *testing.T) {
	list := piecesOf(t, "openssl-tls12-sni.pcap")
	client, server := list[0].segment.Src, list[0].segment.Dst
	hello := transcriptOf(t, "openssl-tls10-sni.pcap").client
	forged := wrap.TCP(wrap.Segment{Src: client, Dst: server, Seq: list[0].segment.Seq + 1, Ack: list[1].segment.Seq + 1, Flags: decode.ACK}, hello)
	tunnel := func(sender netip.Addr) capture.Frame {
		return frameAt(list[0].time, wrap.Ethernet(wrap.VXLAN(wrap.Ends{Src: sender, Dst: target}, 7, wrap.Ethernet(forged))))
	}
	want, _, _ := runFrames(t, plainFrames(list))
	for _, at := range []int{0, 1, 2, 3, len(list)} {
		frames := slices.Insert(plainFrames(list), at, tunnel(server.Addr()))
		for _, n := range []int{1, 2} {
			var noticed []string
			got, stats := runWorkers(t, n, frames, func(o *Options) {
				o.Decode.Trust = trustOwn
				o.Notice = func(client, _ netip.AddrPort, _ bool) { noticed = append(noticed, client.String()) }
			})
			if len(got) != len(want) || !strings.Contains(strings.Join(got, ""), `"verdict":"ok"`) || stats.Tunnels.Clients.Total != 1 {
				t.Errorf("after %d packets, %d workers: %q, clients that are not believed %v", at, n, got, stats.Tunnels.Clients)
			}
			if len(noticed) != 1 {
				t.Errorf("after %d packets: Notice was called for %q", at, noticed)
			}
		}
	}
}

// A copy of a connection that is not believed hides nothing, and is not reported as
// another place of that connection, whether it comes first or later, whole or not.
func TestCopyThatIsNotBelievedHidesNothing(t *testing.T) {
	forEachOneClientCapture(t, func(name string, frames []capture.Frame, _, server netip.Addr) {
		want, _, _ := runFrames(t, frames)
		copies := inTunnel(t, frames, fixedSender(server))
		n := len(frames)
		for _, k := range [][2]int{{0, n}, {2, n}, {n, n}, {0, n / 2}, {n, n / 2}, {n, 2 * n / 3}, {n, 3 * n / 4}, {n, n - 1}} {
			ahead, copied := k[0], k[1]
			var both []capture.Frame
			for i := range n + ahead {
				if i < copied {
					both = append(both, copies[i])
				}
				if i >= ahead {
					both = append(both, frames[i-ahead])
				}
			}
			got, stats := runWorkers(t, 1, both, func(o *Options) {
				o.Decode.Trust = trustOwn
				deliver := o.Deliver
				o.Deliver = func(f *classify.Finding) {
					if len(f.Copies) > 0 || f.Sender.IsValid() {
						t.Errorf("%s, %d of %d, %d ahead: also at %+v, sender %v", name, copied, n, ahead, f.Copies, f.Sender)
					}
					deliver(f)
				}
			})
			if len(got) != len(want) || stats.Copies != 0 {
				t.Errorf("%s, %d of %d, %d ahead: %d events, want %d; %d copies", name, copied, n, ahead, len(got), len(want), stats.Copies)
			}
		}
	})
}

// If a resolver sends its own answers in a tunnel, or the questions to it, they name no
// destinations: only the client that asks is believed.
func TestResolverNamesNoDestinations(t *testing.T) {
	client := netip.MustParseAddr("10.0.0.5")
	for _, name := range []string{namelessCapture, "openssl-tls10-dns-tcp.pcap"} {
		var resolver netip.Addr
		frames := inTunnel(t, read(t, name), func(p *decode.Packet) netip.Addr {
			switch uint16(portDNS) {
			case p.SrcPort:
				resolver = p.Src.Netip(p.V6)
				return resolver
			case p.DstPort:
				return p.Dst.Netip(p.V6)
			}
			return client
		})
		for _, n := range []int{1, 2, 4} {
			events, stats := runWorkers(t, n, frames, withTrust(trustOwn))
			if len(events) != 1 || strings.Contains(events[0], `"host"`) {
				t.Errorf("%s, %d workers: %q", name, n, events)
			}
			if list := stats.Tunnels.Messages.List; len(list) != 1 || list[0].Addr != resolver {
				t.Errorf("%s, %d workers: counted %v", name, n, list)
			}
			spots := stats.Blind().Spots()
			if !slices.ContainsFunc(spots, func(s blind.Spot) bool {
				return s.Cause.String() == "tunnels_not_believed" && s.Count == stats.Tunnels.Messages.Total && s.Count > 0
			}) {
				t.Errorf("%s, %d workers: %+v", name, n, spots)
			}
		}
	}
}

// Notice is called only if the ClientHello came outside of any tunnel.
func TestNoProcessLookupForTunnels(t *testing.T) {
	list := piecesOf(t, "openssl-tls10-sni.pcap")
	tunnel := func(p piece) []byte { return wrap.Ethernet(wrap.VXLAN(ends, 7, p.plainFrame())) }
	vlan := func(p piece) []byte { return wrap.VLAN(p.plainFrame(), 5) }
	ways := map[string]func(piece) []byte{"plain": piece.plainFrame, "vlan": vlan, "tunnel": tunnel}
	for _, k := range []struct {
		name, opening, forth, back string
		copies                     string // how each packet is seen a second time
		noticed                    int
		outside                    bool
	}{
		{"outside", "plain", "plain", "plain", "", 1, true},
		{"in a VLAN", "vlan", "vlan", "vlan", "", 1, true},
		{"in a tunnel", "tunnel", "tunnel", "tunnel", "", 0, false},
		{"opened outside", "plain", "tunnel", "plain", "", 0, false},
		{"opened in a tunnel", "tunnel", "plain", "plain", "", 1, true},
		{"answered in a tunnel", "plain", "plain", "tunnel", "", 1, true},
		{"outside, and in a tunnel", "plain", "plain", "plain", "tunnel", 1, true},
		{"in a tunnel, and outside", "tunnel", "tunnel", "tunnel", "plain", 1, true},
	} {
		t.Run(k.name, func(t *testing.T) {
			var frames []capture.Frame
			for i, p := range list {
				way := k.back
				if i == 0 {
					way = k.opening
				} else if p.isForward() {
					way = k.forth
				}
				frames = append(frames, frameAt(p.time, ways[way](p)))
				if k.copies != "" {
					frames = append(frames, frameAt(p.time, ways[k.copies](p)))
				}
			}
			noticed := 0
			var found []classify.Finding
			s := newSensor(t, func(f *classify.Finding) { found = append(found, *f) })
			s.sessions.Notice = func(netip.AddrPort, netip.AddrPort, bool) { noticed++ }
			for i := range frames {
				s.Process(&frames[i])
			}
			s.table.Flush()
			if len(found) != 1 || noticed != k.noticed || found[0].Outside != k.outside {
				t.Fatalf("%d findings, Notice was called %d times; %+v", len(found), noticed, found)
			}
			if sender := found[0].Sender; sender.IsValid() != (k.forth == "tunnel") || sender.IsValid() && sender != ends.Src {
				t.Errorf("sender %v", sender)
			}
		})
	}
}

// Disbelief is reported once, and on interfaces only.
func TestDisbeliefIsReportedOnce(t *testing.T) {
	frames := inTunnel(t, read(t, "openssl-tls10-sni.pcap"), fixedSender(stranger))
	for _, live := range []bool{true, false} {
		for _, n := range []int{1, 2} {
			var reports []string
			runWorkers(t, n, frames, func(o *Options) {
				o.Decode.Trust, o.Live = trustOwn, live
				o.Report = func(err error) {
					if d := new(Disbelief); errors.As(err, &d) {
						reports = append(reports, d.Error())
					} else {
						t.Error(err)
					}
				}
			})
			want := []string{"packets in a tunnel (vxlan:7) from 203.0.113.66 are not believed; if it is a mirror or a tunnel of yours, give --tunnels own,203.0.113.66"}
			if !live {
				want = nil
			}
			if !slices.Equal(reports, want) {
				t.Errorf("live %v, %d workers: %q", live, n, reports)
			}
		}
	}
}

// Fragments inside a mirror's tunnel, and fragments of the tunnel's packets, change
// nothing.
func TestMirrorInFragments(t *testing.T) {
	client := netip.MustParseAddr("10.0.0.5")
	frames := read(t, "openssl-tls10-sni.pcap")
	want, _ := runWorkers(t, 1, inTunnel(t, frames, fixedSender(client)), withTrust(trustOwn))
	var inside, outside []capture.Frame
	for i, f := range frames {
		for _, part := range wrap.Fragments(f.Data[14:], 400, uint32(i)) {
			inside = append(inside, frameAt(f.Time, wrap.Ethernet(part)))
		}
	}
	inside = inTunnel(t, inside, fixedSender(client))
	for i, f := range inTunnel(t, frames, fixedSender(client)) {
		for _, part := range wrap.Fragments(f.Data[14:], 400, uint32(i)) {
			outside = append(outside, frameAt(f.Time, wrap.Ethernet(part)))
		}
	}
	for name, list := range map[string][]capture.Frame{"inside": inside, "outside": outside} {
		if len(list) <= len(frames) {
			t.Fatalf("%s: %d frames of %d", name, len(list), len(frames))
		}
		for _, n := range []int{1, 2} {
			got, stats := runWorkers(t, n, list, withTrust(trustOwn))
			for i := range got { // the source has another name
				got[i] = strings.Replace(got[i], `"source":"capture"`, fmt.Sprintf(`"source":"%s"`, frames[0].Source), 1)
			}
			if len(want) != 1 || !slices.Equal(got, want) || stats.Decode.Fragments.Reassembled == 0 {
				t.Errorf("%s, %d workers: got %q, want %q", name, n, got, want)
			}
		}
	}
}

// FuzzTunnelSenders puts packets of a connection into tunnels whose senders are its ends
// and a stranger, by the bits of choices. No event has a client that did not send
// it.
func FuzzTunnelSenders(f *testing.F) {
	f.Add([]byte{0}, uint16(0))
	f.Add([]byte{0x1b, 0xe4}, uint16(3))
	f.Add(bytes.Repeat([]byte{0x55}, 4), uint16(0xffff))
	list := func(t testing.TB) []capture.Frame {
		return slices.Concat(read(t, "openssl-tls10-sni.pcap"), read(t, "openssl-tls10-refused.pcap"))
	}
	frames := list(f)
	f.Fuzz(func(t *testing.T, choices []byte, swaps uint16) {
		if len(choices) == 0 {
			return
		}
		var out []capture.Frame
		senders := map[netip.Addr]bool{}
		for i, frame := range frames {
			switch sender := choices[i/4%len(choices)] >> (i % 4 * 2) & 3; sender {
			case 0: // the frame is lost
			case 1, 2, 3:
				out = append(out, inTunnel(t, []capture.Frame{frame}, func(p *decode.Packet) netip.Addr {
					from := []netip.Addr{p.Src.Netip(p.V6), p.Dst.Netip(p.V6), stranger}[sender-1]
					senders[from] = true
					return from
				})...)
			}
		}
		for i := range len(out) - 1 { // some frames change places
			if swaps>>(i%16)&1 != 0 {
				out[i], out[i+1] = out[i+1], out[i]
			}
		}
		runWorkers(t, 1, out, func(o *Options) {
			o.Decode.Trust = trustOwn
			o.Deliver = func(f *classify.Finding) {
				if !senders[f.Client.Addr()] || f.Sender != f.Client.Addr() || f.Outside {
					t.Errorf("%v is the client in a tunnel from %v", f.Client, f.Sender)
				}
			}
		})
	})
}

// cause returns the cause of a blind spot that has this name.
func cause(t *testing.T, name string) blind.Cause {
	t.Helper()
	c, ok := blind.ParseCause(name)
	if !ok {
		t.Fatalf("no cause is called %q", name)
	}
	return c
}
