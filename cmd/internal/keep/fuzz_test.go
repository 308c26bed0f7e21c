package keep

import (
	"testing"

	"tlsfloor/capture/decode"
	"tlsfloor/capture/flow"
)

// checkBlocks: every block that is in use belongs to one flow, datagram or response, and
// every flow is in the index and in one queue.
func (n *network) checkBlocks(t *testing.T) {
	t.Helper()
	blocks, queued := int32(0), 0
	for key, i := range n.flows.index {
		r := &n.flows.records[i]
		blocks += r.frames.blocks
		if r.key != key || r.class >= flagged && r.frames != (list{}) || int(r.frames.bytes) > 2*maxHeld {
			t.Fatalf("%+v", r)
		}
	}
	for _, l := range n.datagrams.lists {
		blocks += l.blocks
	}
	used, pairs := int32(0), 0
	for i := range n.answers.held {
		used += n.answers.held[i].frames.blocks
		pairs += len(n.answers.held[i].pairs)
	}
	for c := range n.flows.queues {
		for i := n.flows.queues[c].oldest; i != 0; i = n.flows.records[i].newer {
			queued++
		}
	}
	if blocks+used != n.store.inUse || used != n.answers.used || pairs != n.answers.size || queued != len(n.flows.index) || n.store.inUse > n.store.most {
		t.Fatalf("%d blocks and %d of answers, %d in use of %d; %d of %d pairs; %d flows of %d are queued",
			blocks, used, n.store.inUse, n.store.most, pairs, n.answers.size, queued, len(n.flows.index))
	}
}

// FuzzKeeper gives a Keeper with little memory any frames, in any order.
func FuzzKeeper(f *testing.F) {
	f.Add([]byte("\x00\x01\x02\x10\x01\x03\x50\x01\x80\x90\x01\x00"))
	f.Add([]byte("\x00\x00\xff\x30\x07\xff\x30\x07\xff\x20\x07\x09\x40\x00\x09\x70\x01\x00\x00\x00\x20"))
	f.Fuzz(func(t *testing.T, ops []byte) {
		n := newNetwork(64 << 10)
		for len(ops) >= 3 {
			op, arg, size := ops[0]>>4, int(ops[1]), int(ops[2])*37
			flags, standing := ops[0]&0xf, flow.Standing(ops[1]>>6)
			ops = ops[3:]
			frame := n.frame("", size)
			p := n.packet(clientOf(arg%32), server, flags)
			switch op % 8 {
			case 0:
				n.Segment(frame, p, nil, standing, arg%3 == 0)
			case 1:
				n.Accused(frame, p, []uint32{uint32(arg % 8)})
			case 2:
				n.Segment(frame, p, []uint32{uint32(arg % 8)}, standing, true)
			case 3:
				n.Fragment(frame, []uint32{uint32(arg % 8)})
			case 4:
				n.Fragment(frame, []uint32{uint32(arg % 8), uint32(8 + size%8)})
			case 5:
				n.flagByName(arg % 32)
			case 6:
				n.answer(arg%32, "", []uint32{uint32(size % 8)}, server.Addr(), clientOf(size).Addr())
			case 7:
				if n.now += int64(size) * 1e8; arg == 255 {
					n.Clear()
				}
				p.Flags = decode.ACK
				n.Bare(frame, p, []uint32{uint32(arg % 8)})
			}
			n.checkBlocks(t)
		}
		if s := n.Stats(); s.NotWhole > s.Flows || int(s.Packets) != n.file.packets {
			t.Fatalf("%+v", s)
		}
	})
}
