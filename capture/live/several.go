package live

import (
	"io"
	"sync"
	"time"

	"tlsfloor/capture"
)

const (
	// batchFrames and batchBytes bound a batch; a frame of the largest
	// snapshot length fits into an empty one.
	batchFrames = 1024
	batchBytes  = 2 * DefaultSnaplen
	// portBatches is how many batches an interface has: one being filled, one
	// being emptied, and two for a burst. The rest waits in the kernel, which
	// counts what it has to drop.
	portBatches = 4
)

// batch carries copies of one interface's frames to the reader.
type batch struct {
	frames []capture.Frame
	data   []byte
	next   int           // the first frame not delivered
	err    error         // what came after the frames
	port   int           // the interface's number
	home   chan<- *batch // where empty batches go

	scratch capture.Frame // being filled
}

func newBatch(port int, home chan<- *batch) *batch {
	return &batch{
		frames: make([]capture.Frame, 0, batchFrames),
		data:   make([]byte, 0, batchBytes),
		port:   port,
		home:   home,
	}
}

func (b *batch) reset() {
	b.frames, b.data, b.next, b.err = b.frames[:0], b.data[:0], 0, nil
}

// fill takes frames until there is no room for another, the first has waited
// for a timeout by the frames' own time, or none comes. It reports whether there
// may be more.
func (b *batch) fill(p *port) (more bool) {
	b.reset()
	for len(b.frames) < batchFrames && batchBytes-len(b.data) >= p.options.Snaplen {
		f := &b.scratch
		err := p.next(f)
		switch {
		case err == capture.ErrTimeout && len(b.frames) == 0:
			continue
		case err == capture.ErrTimeout:
			return true
		case err == io.EOF:
			return false
		case err != nil:
			b.err = err
			return true
		}
		if b.add(f); f.Time-b.frames[0].Time > int64(p.options.Timeout) {
			return true
		}
	}
	return true
}

// isEmpty reports whether there is nothing to deliver.
func (b *batch) isEmpty() bool { return len(b.frames) == 0 && b.err == nil }

func (b *batch) add(f *capture.Frame) {
	begin := len(b.data)
	b.data = append(b.data, f.Data...)
	f.Data = b.data[begin:len(b.data):len(b.data)]
	b.frames = append(b.frames, *f)
}

// several reads interfaces by a goroutine each. It costs a copy of each frame,
// a hand-over between goroutines for each batch, and portBatches batches of
// memory an interface.
type several struct {
	timeout time.Duration
	quit    chan struct{} // closed by stop
	once    sync.Once
	readers sync.WaitGroup
	full    chan *batch // closed when the last interface ended

	queues [][]*batch // by interface, not empty ones
	ended  bool
	lent   *batch // delivered to its end; its last frame is still lent out
	timer  *time.Timer
}

func startSeveral(ports []*port, timeout time.Duration) *several {
	v := &several{
		timeout: timeout,
		quit:    make(chan struct{}),
		full:    make(chan *batch, len(ports)*portBatches),
		queues:  make([][]*batch, len(ports)),
		timer:   time.NewTimer(timeout),
	}
	for i, p := range ports {
		home := make(chan *batch, portBatches)
		for range portBatches {
			home <- newBatch(i, home)
		}
		v.queues[i] = make([]*batch, 0, portBatches)
		v.readers.Add(1)
		go v.read(p, home)
	}
	go func() {
		v.readers.Wait()
		close(v.full)
	}()
	return v
}

// read fills batches from one interface until it ends, or stop is called.
func (v *several) read(p *port, home <-chan *batch) {
	defer v.readers.Done()
	for {
		select {
		case b := <-home:
			more := b.fill(p)
			if !b.isEmpty() {
				v.full <- b // there is room for every batch
			}
			if !more {
				return
			}
		case <-v.quit:
			return
		}
	}
}

// stop ends the goroutines and waits for them.
func (v *several) stop() {
	v.once.Do(func() { close(v.quit) })
	v.readers.Wait()
}

func (v *several) next(f *capture.Frame) error {
	v.giveBack()
	for {
		v.collect()
		if b := v.earliest(); b != nil {
			return v.take(b, f)
		}
		if v.ended {
			return io.EOF
		}
		if err := v.wait(); err != nil {
			return err
		}
	}
}

// collect takes in the batches that are there.
func (v *several) collect() {
	for len(v.full) > 0 {
		v.enqueue(<-v.full)
	}
}

func (v *several) enqueue(b *batch) {
	v.queues[b.port] = append(v.queues[b.port], b)
}

// wait gives the interfaces a timeout for the next batch.
func (v *several) wait() error {
	v.timer.Reset(v.timeout)
	select {
	case b, ok := <-v.full:
		if v.ended = !ok; ok {
			v.enqueue(b)
		}
		return nil
	case <-v.timer.C:
		return capture.ErrTimeout
	}
}

// earliest chooses among the interfaces' first batches: what is wrong with one
// is told at once, else the earliest frame is next.
func (v *several) earliest() *batch {
	var first *batch
	for _, queue := range v.queues {
		if len(queue) == 0 {
			continue
		}
		b := queue[0]
		if b.next == len(b.frames) {
			return b
		}
		if first == nil || b.frames[b.next].Time < first.frames[first.next].Time {
			first = b
		}
	}
	return first
}

func (v *several) take(b *batch, f *capture.Frame) error {
	var err error
	if b.next < len(b.frames) {
		*f = b.frames[b.next]
		b.next++
	} else {
		err, b.err = b.err, nil
	}
	if b.next == len(b.frames) && b.err == nil {
		queue := v.queues[b.port]
		v.queues[b.port] = append(queue[:0], queue[1:]...)
		v.lent = b
	}
	return err
}

func (v *several) giveBack() {
	if v.lent != nil {
		v.lent.home <- v.lent
		v.lent = nil
	}
}
