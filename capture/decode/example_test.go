package decode_test

import (
	"fmt"
	"net/netip"

	"tlsfloor/capture"
	"tlsfloor/capture/decode"
	"tlsfloor/capture/testing/wrap"
)

// A frame as AWS's traffic mirroring sends it: VXLAN around the mirrored frame. Decode
// returns the innermost segment, and the layers around it.
func ExampleDecoder_Decode() {
	client, server := netip.MustParseAddrPort("10.0.0.5:40312"), netip.MustParseAddrPort("192.0.2.10:443")
	mirrored := wrap.Ethernet(wrap.TCP(wrap.Segment{Src: client, Dst: server, Flags: decode.ACK}, []byte("hello")))
	mirror := wrap.Ends{Src: netip.MustParseAddr("172.16.0.1"), Dst: netip.MustParseAddr("172.16.0.2")}
	data := wrap.Ethernet(wrap.VXLAN(mirror, 77, mirrored))

	d := decode.New(decode.Options{})
	var p decode.Packet // overwritten by each call
	frame := capture.Frame{Link: capture.LinkEthernet, Data: data, Length: len(data)}
	if d.Decode(&frame, &p) != decode.Segment {
		fmt.Println("no TCP segment")
		return
	}
	fmt.Printf("%s:%d to %s:%d: %q\n", p.Src.Netip(p.V6), p.SrcPort, p.Dst.Netip(p.V6), p.DstPort, p.Payload)
	fmt.Println(p.Layers[:p.NumLayers])
	// Output:
	// 10.0.0.5:40312 to 192.0.2.10:443: "hello"
	// [vxlan:77]
}
