package main

import (
	"fmt"
	"runtime/debug"

	"tlsfloor/capture/file"
	"tlsfloor/capture/flow"
	"tlsfloor/capture/live"
)

// memoryShares is how --memory is divided, in bytes unless a comment has another unit.
// --memory bounds the whole process, as the kernel counts it (VmRSS), except for the
// program's text (textBeside). Several workers divide handshakes, flows and kinds among
// them.
//
// A flood fills one share as a rule. The garbage collector works in what the others
// leave free.
type memoryShares struct {
	// input is for the kernel's rings, which are mapped into the process, or for the
	// buffers and decompressors of captures.
	input int64
	// fixed is for what does not depend on --memory: Go's runtime, embedded data and
	// fragments.
	fixed      int64
	handshakes int64 // under way: flow.Options.MaxBytes
	flows      int   // number of connections remembered, a hundred bytes each
	names      int64 // learnt from DNS
	kinds      int   // number of kinds of hellos remembered, for clients and for servers each, 4 KiB at the worst
	output     int64 // events that wait for one output
}

const (
	// textBeside is what the program's text and libraries may take besides --memory, in
	// bytes: they are mapped from files, and shared.
	textBeside = 20 << 20
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
	// defaultRing is the largest ring without --buffer-size.
	defaultRing = live.DefaultBufferBytes
)

// divide divides memory, of which input is given. At the default of 256 MiB, with 64 MiB
// for inputs, the rest is 176 MiB.
func divide(memory, input int64, workers int) memoryShares {
	fixed := fixedFor(workers)
	rest := memory - input - fixed
	return memoryShares{
		input: input, fixed: fixed,
		handshakes: rest * 6 / 11,             // 96 MiB
		flows:      int(rest * 16 / 11 >> 10), // 262,144: 27 MiB
		names:      rest / 8,                  // 22 MiB
		kinds:      int(rest * 2 / 11 >> 13),  // 4,096: 16 MiB
		output:     min(rest/44, 4<<20),       // 4 MiB
	}
}

func fixedFor(workers int) int64 {
	if workers == 1 {
		return fixedShare
	}
	return fixedShare + batchesShare + int64(workers)*workerShare
}

// checkWorkers refuses more workers than there is memory for.
func (o *options) checkWorkers() error {
	least := fixedFor(o.workers) + minRest
	if o.memoryBytes()-o.usualInput() >= least {
		return nil
	}
	return fmt.Errorf("--workers %d: they need --memory %d or more", o.workers, mebibytes(least*4/3))
}

func (o *options) memoryBytes() int64 { return int64(o.memory) << 20 }

// usualInput is the share of inputs unless they need more, and mostInput the largest that
// leaves enough for the rest. At the default that is enough for the largest window of
// zstd that is read, 128 MiB.
func (o *options) usualInput() int64 { return o.memoryBytes() / 4 }
func (o *options) mostInput() int64 {
	return min(o.memoryBytes()*5/8, o.memoryBytes()-fixedFor(o.workers)-minRest)
}

// ring returns the size of each interface's ring, and the memory of all interfaces.
func (o *options) ring() (each, all int64, err error) {
	n := int64(len(o.interfaces))
	each = min(o.usualInput()/n, defaultRing)
	if o.buffer != 0 {
		each = int64(o.buffer) << 10
	}
	if all = n*each + live.Beside(len(o.interfaces)); all <= o.mostInput() {
		return each, all, nil
	}
	if o.buffer == 0 { // the rings grow with the memory
		beside := live.Beside(len(o.interfaces))
		return 0, 0, fmt.Errorf("%d interfaces need --memory %d or more", n, mebibytes(max(beside*8/3, (beside+fixedFor(o.workers)+minRest)*4/3)))
	}
	return 0, 0, fmt.Errorf("%s %d: the buffers of %d interfaces take %d MiB, which leaves too little of --memory %d: give --memory %d, or a smaller buffer",
		o.typed("buffer-size"), o.buffer, n, mebibytes(all), o.memory, o.memoryFor(all))
}

// memoryFor returns a value of --memory that leaves so many bytes for one input.
func (o *options) memoryFor(input int64) int64 {
	return mebibytes(max(input*8/5, input+fixedFor(o.workers)+minRest))
}

func mebibytes(n int64) int64 { return (n + 1<<20 - 1) >> 20 }

// limitMemory sets the limit of the garbage collector, to what the rings leave. It is
// called before anything is opened, because opening a capture already takes a window.
func (w *watcher) limitMemory() error {
	limit := w.options.memoryBytes() - besideGo
	if w.live() {
		_, rings, err := w.options.ring()
		if err != nil {
			return err
		}
		limit -= rings
	}
	debug.SetMemoryLimit(limit)
	return nil
}

// divideMemory divides the memory when the sources are open, because one capture may need
// more than the usual share of all. The user's lists get what they need, twice that if
// they may be read again.
func (w *watcher) divideMemory() error {
	o := w.options
	lists := w.lists.size
	if w.live() || o.follow {
		lists *= 2
	}
	input := o.usualInput()
	switch source := w.source.(type) {
	case *file.Source:
		input = max(input, min(source.Need(), o.mostInput()-lists))
		source.Limit(input)
	case *live.Source:
		_, input, _ = o.ring() // cannot fail: the source is open
	}
	if o.memoryBytes()-fixedFor(o.workers)-input-lists < minRest {
		return fmt.Errorf("--memory %d: the lists of names and addresses take %d MiB: give --memory %d",
			o.memory, mebibytes(lists), mebibytes((lists+fixedFor(o.workers)+minRest)*4/3))
	}
	w.shares = divide(o.memoryBytes()-lists, input, o.workers)
	return nil
}

// flowBounds returns the bounds of one worker.
func (s *memoryShares) flowBounds(workers int) flow.Options {
	return flow.Options{MaxFlows: s.flows / workers, MaxBytes: int(s.handshakes) / workers}
}
