package flow_test

import (
	"fmt"

	"tlsfloor/capture/decode"
	"tlsfloor/capture/flow"
)

// greeting follows a connection until its client has said a whole line.
type greeting struct{ flow.Stream } // a Consumer has a Stream embedded

func (*greeting) Data(d flow.Dir, data []byte) (consumed, need int, i flow.Interest) {
	if data[len(data)-1] != '\n' {
		return 0, len(data) + 1, flow.Listen // again when there are more
	}
	fmt.Printf("%q\n", data)
	return len(data), 0, flow.Settled // nothing else of this connection matters
}

func (*greeting) Start(flow.Dir, []byte) bool     { return false }
func (*greeting) Lost(flow.Dir) flow.Interest     { return flow.Ignore }
func (*greeting) Held() int                       { return 0 }
func (*greeting) Conflict(flow.Dir)               {}
func (*greeting) Odd(decode.Anomaly)              {}
func (*greeting) Dropped(flow.Dir, bool)          {}
func (*greeting) Midway(flow.Dir) bool            { return false }
func (*greeting) Begins(*decode.Packet, flow.Dir) {}
func (*greeting) Said() flow.Digest               { return flow.Digest{} }
func (*greeting) End(flow.Cause)                  {}

// everybody follows each connection.
type everybody struct{}

func (everybody) Open(*decode.Packet, flow.Dir, flow.Opener) flow.Consumer { return new(greeting) }
func (everybody) Greets([]byte) bool                                       { return false }

// Segments that arrive in another order than they were sent: the consumer gets their bytes
// in order.
func ExampleTable() {
	t := flow.NewTable(everybody{}, flow.Options{MaxFlows: 1000})
	push := func(seq uint32, flags uint8, payload string) {
		p := decode.Packet{SrcPort: 40312, DstPort: 25, Proto: decode.TCP, Seq: seq, Flags: flags, Payload: []byte(payload)}
		p.Src[15], p.Dst[15] = 1, 2 // addresses ::1 and ::2
		p.V6 = true
		t.Push(&p)
	}
	push(100, decode.SYN, "")
	push(106, decode.ACK, "host\r\n") // too early
	push(101, decode.ACK, "EHLO ")
	push(112, decode.ACK, "not followed any more")

	fmt.Println(t.Stats().Segments, "segments of", t.Stats().Flows, "flow")
	// Output:
	// "EHLO host\r\n"
	// 4 segments of 1 flow
}
