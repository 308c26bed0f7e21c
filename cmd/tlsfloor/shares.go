package main

import (
	"fmt"
	"runtime/debug"

	"tlsfloor/capture/file"
	"tlsfloor/capture/flow"
	"tlsfloor/capture/live"
)

// shares is how --memory is divided, in bytes unless said otherwise. It is for the
// whole process, as the kernel counts it (VmRSS), but for the program's own text:
// see textBeside. Each of several workers has its part of what is per worker.
//
// Most floods fill one share; what the others leave is what the collector works
// with.
type shares struct {
	// input is the kernel's rings that are mapped into the process, or the
	// buffers and decompressors of captures.
	input int64
	// fixed is what does not depend on --memory: Go's runtime, embedded data,
	// fragments, the code's own.
	fixed      int64
	handshakes int64 // under way: flow.Options.MaxBytes
	flows      int   // connections remembered, a hundred bytes each
	names      int64 // learnt from DNS
	kinds      int   // of hellos remembered, 4 KiB each at the worst, clients and servers alike
	output     int64 // events that wait for one output
}

const (
	// textBeside is what the program's text and libraries may take of memory, in
	// bytes, beside --memory: they are mapped from their files, and shared.
	textBeside = 20 << 20
	// fixedShare: an idle run holds 10 MiB, fragments take 6.
	fixedShare = 16 << 20
	// Several workers: batches on their way hold items and buffers of the source,
	// and each worker has tables that do not depend on --memory.
	batchesShare = 12 << 20
	workerShare  = 512 << 10
	// leastRest is what has to be left for the rest to be of use.
	leastRest = 12 << 20
	// besideGo is for what Go's runtime does not count: threads' stacks, libpcap.
	besideGo = 4 << 20
	// defaultRing is the largest ring that is made without being asked for.
	defaultRing = live.DefaultBufferBytes
)

// divide divides memory, of which the inputs have their part already. At the
// default, 256 MiB of which 64 are for inputs, the rest is 176 MiB.
func divide(memory, input int64, workers int) shares {
	fixed := fixedFor(workers)
	rest := memory - input - fixed
	return shares{
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
	least := fixedFor(o.workers) + leastRest
	if o.memoryBytes()-o.usualInput() >= least {
		return nil
	}
	return fmt.Errorf("--workers %d: they need --memory %d or more", o.workers, mebibytes(least*4/3))
}

func (o *options) memoryBytes() int64 { return int64(o.memory) << 20 }

// usualInput is the part of inputs unless more is needed, and mostInput the
// largest that leaves enough for the rest. At the default it has room for the
// largest window of zstd that is read, 128 MiB.
func (o *options) usualInput() int64 { return o.memoryBytes() / 4 }
func (o *options) mostInput() int64 {
	return min(o.memoryBytes()*5/8, o.memoryBytes()-fixedFor(o.workers)-leastRest)
}

// ring returns the size of each interface's ring, and what all interfaces take
// together.
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
		return 0, 0, fmt.Errorf("%d interfaces need --memory %d or more", n, mebibytes(max(beside*8/3, (beside+fixedFor(o.workers)+leastRest)*4/3)))
	}
	return 0, 0, fmt.Errorf("--buffer-size %d: the buffers of %d interfaces take %d MiB, which leaves too little of --memory %d: give --memory %d, or a smaller buffer",
		o.buffer, n, mebibytes(all), o.memory, o.memoryFor(all))
}

// memoryFor returns a --memory that leaves so much for one input.
func (o *options) memoryFor(input int64) int64 {
	return mebibytes(max(input*8/5, input+fixedFor(o.workers)+leastRest))
}

func mebibytes(n int64) int64 { return (n + 1<<20 - 1) >> 20 }

// limitMemory has the collector hold to what the rings leave of the memory. It is
// for before anything is opened: each beginning of a capture takes a window.
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

// divideMemory is for when what is to be read is open: one capture may need more
// than is usual for all. Lists are the person's own, and have what they take; where
// a run goes on for long they may be read again, which takes twice as much.
func (w *watcher) divideMemory() error {
	o := w.options
	lists := w.knowledge.size
	if w.live() || o.follow {
		lists *= 2
	}
	input := o.usualInput()
	switch source := w.source.(type) {
	case *file.Source:
		input = max(input, min(source.Need(), o.mostInput()-lists))
		source.Limit(input)
	case *live.Source:
		_, input, _ = o.ring() // else it would not be open
	}
	if o.memoryBytes()-fixedFor(o.workers)-input-lists < leastRest {
		return fmt.Errorf("--memory %d: the lists of names and addresses take %d MiB: give --memory %d",
			o.memory, mebibytes(lists), mebibytes((lists+fixedFor(o.workers)+leastRest)*4/3))
	}
	w.shares = divide(o.memoryBytes()-lists, input, o.workers)
	return nil
}

// flowBounds are those of one worker.
func (s *shares) flowBounds(workers int) flow.Options {
	return flow.Options{MaxFlows: s.flows / workers, MaxBytes: int(s.handshakes) / workers}
}
