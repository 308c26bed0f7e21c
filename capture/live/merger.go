package live

import (
	"io"
	"sync"
	"time"

	"tlsfloor/capture"
)

const (
	// batchFrames and batchBytes bound a batch. A frame of the largest snapshot length
	// fits into an empty one.
	batchFrames = 1024
	batchBytes  = 2 * maxSnaplen
	// deviceBatches is how many batches a device has: one being filled, one being
	// emptied, and two for a burst. Other frames wait in the kernel, which counts those
	// that it drops.
	deviceBatches = 4
)

// batch carries copies of one device's frames to Next.
type batch struct {
	frames []capture.Frame
	data   []byte
	next   int           // the first frame that is not delivered
	err    error         // after the frames
	device int           // the number of the device
	home   chan<- *batch // where empty batches go

	scratch capture.Frame // being filled
}

func newBatch(device int, home chan<- *batch) *batch {
	return &batch{
		frames: make([]capture.Frame, 0, batchFrames),
		data:   make([]byte, 0, batchBytes),
		device: device,
		home:   home,
	}
}

func (b *batch) reset() {
	b.frames, b.data, b.next, b.err = b.frames[:0], b.data[:0], 0, nil
}

// fill reads frames until there is no room for another, a frame is later than the first
// by more than a timeout, or none comes. It reports whether there may be more.
func (b *batch) fill(d *device) (more bool) {
	b.reset()
	for len(b.frames) < batchFrames && batchBytes-len(b.data) >= d.options.Snaplen {
		f := &b.scratch
		err := d.next(f)
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
		if b.add(f); f.Time-b.frames[0].Time > int64(d.options.Timeout) {
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

// merger reads several devices, each in a goroutine, and merges their frames in time
// order. It costs a copy of each frame, a channel operation for each batch, and
// deviceBatches batches of memory for each device.
type merger struct {
	timeout time.Duration
	quit    chan struct{} // closed by stop
	once    sync.Once
	readers sync.WaitGroup
	full    chan *batch // closed when the last device has ended

	queues [][]*batch // filled batches of each device
	ended  bool
	lent   *batch // delivered to its end; its last frame may still be used
	timer  *time.Timer
}

func startMerger(devices []*device, timeout time.Duration) *merger {
	m := &merger{
		timeout: timeout,
		quit:    make(chan struct{}),
		full:    make(chan *batch, len(devices)*deviceBatches),
		queues:  make([][]*batch, len(devices)),
		timer:   time.NewTimer(timeout),
	}
	for i, d := range devices {
		home := make(chan *batch, deviceBatches)
		for range deviceBatches {
			home <- newBatch(i, home)
		}
		m.queues[i] = make([]*batch, 0, deviceBatches)
		m.readers.Add(1)
		go m.read(d, home)
	}
	go func() {
		m.readers.Wait()
		close(m.full)
	}()
	return m
}

// read fills batches from one device until it ends or stop is called.
func (m *merger) read(d *device, home <-chan *batch) {
	defer m.readers.Done()
	for {
		select {
		case b := <-home:
			more := b.fill(d)
			if !b.isEmpty() {
				m.full <- b // there is room for every batch
			}
			if !more {
				return
			}
		case <-m.quit:
			return
		}
	}
}

// stop ends the goroutines and waits for them.
func (m *merger) stop() {
	m.once.Do(func() { close(m.quit) })
	m.readers.Wait()
}

func (m *merger) next(f *capture.Frame) error {
	m.giveBack()
	for {
		m.collect()
		if b := m.earliest(); b != nil {
			return m.take(b, f)
		}
		if m.ended {
			return io.EOF
		}
		if err := m.wait(); err != nil {
			return err
		}
	}
}

// collect receives the batches that are ready.
func (m *merger) collect() {
	for len(m.full) > 0 {
		m.enqueue(<-m.full)
	}
}

func (m *merger) enqueue(b *batch) {
	m.queues[b.device] = append(m.queues[b.device], b)
}

// wait waits for the next batch, at most for the timeout.
func (m *merger) wait() error {
	m.timer.Reset(m.timeout)
	select {
	case b, ok := <-m.full:
		if m.ended = !ok; ok {
			m.enqueue(b)
		}
		return nil
	case <-m.timer.C:
		return capture.ErrTimeout
	}
}

// earliest returns the batch to deliver from: one with only an error left, or the one
// with the earliest frame; nil if there is none.
func (m *merger) earliest() *batch {
	var first *batch
	for _, queue := range m.queues {
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

func (m *merger) take(b *batch, f *capture.Frame) error {
	var err error
	if b.next < len(b.frames) {
		*f = b.frames[b.next]
		b.next++
	} else {
		err, b.err = b.err, nil
	}
	if b.next == len(b.frames) && b.err == nil {
		queue := m.queues[b.device]
		m.queues[b.device] = append(queue[:0], queue[1:]...)
		m.lent = b
	}
	return err
}

func (m *merger) giveBack() {
	if m.lent != nil {
		m.lent.home <- m.lent
		m.lent = nil
	}
}
