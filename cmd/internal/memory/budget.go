package memory

import (
	"fmt"

	"tlsfloor/capture/datagram"
	"tlsfloor/capture/flow"
)

const (
	// TextBeside is what the program's text and libraries may take besides --memory, in
	// bytes: they are mapped from files, and shared.
	TextBeside = 20 << 20
	// fixedShare is 10 MiB for an idle run and 6 MiB for fragments.
	fixedShare = 16 << 20
	// With several workers, batches in flight hold buffers of the source, and each worker
	// has tables that do not depend on --memory.
	batchesShare = 12 << 20
	workerShare  = 512 << 10
	// minRest is the least that has to remain for the other shares.
	minRest = 12 << 20
	// besideGo is for memory that Go's runtime does not count: stacks of threads, and
	// libpcap.
	besideGo = 4 << 20
)

// Budget is --memory and what it depends on. It bounds the whole process, as the kernel
// counts it (VmRSS), except for the program's text (TextBeside).
type Budget struct {
	Bytes   int64
	Workers int
	Packets bool // packets are kept
	Series  bool // findings that are alike are held
}

// Check refuses more workers than there is memory for.
func (b Budget) Check() error {
	least := b.fixed() + minRest
	if b.Bytes-b.UsualInput() >= least {
		return nil
	}
	return fmt.Errorf("--workers %d: they need --memory %d or more", b.Workers, Mebibytes(least*4/3))
}

// UsualInput is the share of inputs unless they need more, in bytes.
func (b Budget) UsualInput() int64 { return b.Bytes / 4 }

// MostInput is the largest share of inputs that leaves enough for the rest, in bytes. At
// the default that is enough for the largest window of zstd that is read, 128 MiB.
func (b Budget) MostInput() int64 { return min(b.Bytes*5/8, b.Bytes-b.fixed()-minRest) }

// GoLimit is the limit of the garbage collector if the inputs take so many bytes that Go
// does not count.
func (b Budget) GoLimit(rings int64) int64 { return b.Bytes - besideGo - rings }

// For returns a value of --memory, in MiB, that leaves so many bytes for one input.
func (b Budget) For(input int64) int64 {
	return Mebibytes(max(input*8/5, input+b.fixed()+minRest))
}

// ForRings returns a value of --memory, in MiB, that is enough for rings that grow with
// it, and the bytes beside them.
func (b Budget) ForRings(beside int64) int64 {
	return Mebibytes(max(beside*8/3, (beside+b.fixed()+minRest)*4/3))
}

func (b Budget) fixed() int64 {
	if b.Workers == 1 {
		return fixedShare
	}
	return fixedShare + batchesShare + int64(b.Workers)*workerShare
}

// Mebibytes returns a number of bytes in MiB, rounded up.
func Mebibytes(n int64) int64 { return (n + 1<<20 - 1) >> 20 }

// Shares is how the rest of a Budget is divided, in bytes unless a comment has another
// unit. Several workers divide handshakes, flows and kinds among them.
//
// A flood fills one share as a rule. The garbage collector works in what the others
// leave free.
type Shares struct {
	Handshakes int64 // under way: flow.Options.MaxBytes
	Flows      int   // number of connections remembered, a hundred bytes each
	Datagrams  int64 // conversations in datagrams, under way and remembered
	Names      int64 // learnt from DNS
	Kinds      int   // number of kinds of hellos remembered, for clients and for servers each, 4 KiB at the worst
	Output     int64 // events that wait for one output
	Series     int64 // findings that are held, to be counted with others
	Packets    int64 // held until their flow is flagged, and waiting to be written
}

// Divide divides what remains beside the inputs (the kernel's rings, which are mapped into
// the process, or the buffers and decompressors of captures), the user's lists, and what
// does not depend on --memory (Go's runtime, embedded data and fragments). At the default
// of 256 MiB, with 64 MiB for inputs, that is 176 MiB.
func (b Budget) Divide(inputs, lists int64) (Shares, error) {
	fixed := b.fixed()
	rest := b.Bytes - lists - inputs - fixed
	if rest < minRest {
		return Shares{}, fmt.Errorf("--memory %d: the lists of names and addresses take %d MiB: give --memory %d",
			b.Bytes>>20, Mebibytes(lists), Mebibytes((lists+fixed+minRest)*4/3))
	}
	packets := int64(0)
	if b.Packets {
		packets = rest / 4
		rest -= packets
	}
	series := int64(0)
	if b.Series {
		series = rest / 16
		rest -= series
	}
	return Shares{
		Series:     series,                    // none; with --every 11 MiB
		Packets:    packets,                   // none; with -w 44 MiB
		Handshakes: rest * 6 / 11,             // 96 MiB
		Datagrams:  rest / 11,                 // 16 MiB
		Flows:      int(rest * 16 / 11 >> 10), // 262,144: 27 MiB
		Names:      rest / 8,                  // 22 MiB
		Kinds:      int(rest * 2 / 11 >> 13),  // 4,096: 16 MiB
		Output:     min(rest/44, 4<<20),       // 4 MiB
	}, nil
}

// DatagramBounds returns the bounds of one worker: half of the share is for the
// conversations that are remembered, and half for what those under way hold.
func (s *Shares) DatagramBounds(workers int) datagram.Options {
	each := int(s.Datagrams) / workers / 2
	return datagram.Options{MaxConversations: each / datagram.EntryBytes, MaxBytes: each}
}

// FlowBounds returns the bounds of one worker.
func (s *Shares) FlowBounds(workers int) flow.Options {
	return flow.Options{MaxFlows: s.Flows / workers, MaxBytes: int(s.Handshakes) / workers}
}
