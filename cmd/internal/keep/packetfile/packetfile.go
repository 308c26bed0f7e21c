package packetfile

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"syscall"
	"time"

	"tlsfloor/capture"
	"tlsfloor/capture/pcap"
)

// Options say where packets are written.
type Options struct {
	// Path is the file, or "-" for Stdout. With Every, its last element is a format of
	// strftime(3), in local time.
	Path string
	// Every is the period after which the next file begins; 0: never. It begins with
	// the first packet of the next period.
	Every  time.Duration
	Stdout io.Writer
	// Application is the program and its version, for the header.
	Application string
	// Live: Write does not wait.
	Live bool
	// Memory is how many bytes may wait to be written.
	Memory int
	// Inputs are the files and folders that are read, and are not to be overwritten.
	Inputs []string
	// Note is called with messages for the user, from any goroutine. It must not block.
	Note func(string)
	// Now is the clock; nil: time.Now.
	Now func() time.Time
}

// File writes packets. One goroutine calls Write; any may call the other methods.
type File struct {
	options Options
	limit   int // of waiting
	path    string

	mu         sync.Mutex
	changed    *sync.Cond
	waiting    []byte // blocks
	packets    int    // in waiting
	interfaces []byte // the descriptions of all so far
	count      uint32 // of interfaces
	reopen     bool
	closing    bool
	late       bool // EndBy has passed
	broken     bool // nothing can be written any more
	failed     bool // an error was returned by Err, or is about to be
	err        error
	stats      Stats

	part part // of the goroutine
	done chan struct{}
}

// Stats counts packets.
type Stats struct {
	Written uint64
	Lost    uint64 // not written: the file failed, or was too slow
}

// minLimit is more than a Keeper writes at once.
const minLimit = 512 << 10

// Open opens the first file.
func Open(o Options) (*File, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	f := &File{options: o, limit: max(minLimit, o.Memory/2), done: make(chan struct{})}
	f.changed = sync.NewCond(&f.mu)
	f.part.options = &f.options
	if err := f.part.openFirst(); err != nil {
		return nil, err
	}
	if f.part.regular {
		f.path = f.part.path
	}
	go f.run()
	return f, nil
}

// Interface adds an interface, and returns its number. See keep.Writer.
func (f *File) Interface(link capture.LinkType, name string) uint32 {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.interfaces = pcap.AppendInterface(f.interfaces, link, name)
	f.count++
	return f.count - 1
}

// Write adds packets to those that wait to be written. See keep.Writer.
func (f *File) Write(blocks []byte, packets int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for !f.options.Live && !f.late && !f.broken && f.full(len(blocks)) {
		f.changed.Wait()
	}
	if f.broken || f.late || f.full(len(blocks)) {
		f.stats.Lost += uint64(packets)
		if !f.broken && !f.late {
			f.fail(lost(&pathError{f.options.Path, errSlower}))
		}
		return
	}
	f.waiting = append(f.waiting, blocks...)
	f.packets += packets
	f.changed.Broadcast()
}

// full reports whether so many bytes have to wait.
func (f *File) full(n int) bool { return len(f.waiting) > 0 && len(f.waiting)+n > f.limit }

// run writes what waits, until Close.
func (f *File) run() {
	defer close(f.done)
	var blocks []byte
	for {
		f.mu.Lock()
		for len(f.waiting) == 0 && !f.reopen && !f.closing {
			f.changed.Wait()
		}
		blocks, f.waiting = f.waiting, blocks[:0]
		packets, interfaces, reopen, last := f.packets, f.interfaces, f.reopen, f.closing
		f.packets, f.reopen = 0, false
		f.changed.Broadcast()
		f.mu.Unlock()

		if reopen {
			f.report(goingOn(f.part.reopen()))
		}
		if len(blocks) > 0 {
			f.report(goingOn(f.part.rotateIfDue()))
			f.written(packets, f.part.write(interfaces, blocks))
		}
		if last {
			f.report(f.part.close(interfaces))
			return
		}
	}
}

// written counts packets that were written, or not because of an error.
func (f *File) written(packets int, err error) {
	f.mu.Lock()
	if err == nil {
		f.stats.Written += uint64(packets)
	} else {
		f.stats.Lost += uint64(packets)
		f.broken = f.broken || f.part.broken
	}
	f.changed.Broadcast()
	f.mu.Unlock()
	f.report(lost(err))
}

func lost(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("packets are lost: %w", err)
}

// goingOn is for an error after which packets go to the file that was open.
func goingOn(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("packets go on into the file before: %w", err)
}

// report keeps the first error for Err. Further ones are most likely the same.
func (f *File) report(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fail(err)
}

// fail is report for who holds the lock.
func (f *File) fail(err error) {
	if err != nil && !f.failed {
		f.err, f.failed = err, true
	}
}

// Err returns the first error, once. Packets after it are tried again, unless Broken.
func (f *File) Err() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	err := f.err
	f.err = nil
	return err
}

// Broken reports whether nothing can be written any more: the reader of a pipe is gone.
func (f *File) Broken() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.broken
}

// Reopen has the path opened again before the next packet: another program may have moved
// the file away.
func (f *File) Reopen() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reopen = true
	f.changed.Broadcast()
}

// Stats returns the counts so far.
func (f *File) Stats() Stats {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.stats
}

// Path returns the path of the file that was opened first, if files are created or opened
// again below it later; empty: they are not.
func (f *File) Path() string {
	return f.path
}

// EndBy has Write and Close give up at a time.
func (f *File) EndBy(end time.Time) {
	time.AfterFunc(time.Until(end), func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.late = true
		f.changed.Broadcast()
	})
}

// errSlower: packets come faster than they can be written, on an interface.
var errSlower = errors.New("it does not take them as fast as they come")

// errSlow: the disk, or the reader of a pipe, is too slow.
var errSlow = errors.New("too slow: not everything was written before the end")

// Close writes what waits, and closes the file. It returns what Err would.
func (f *File) Close() error {
	f.mu.Lock()
	f.closing = true
	f.changed.Broadcast()
	f.mu.Unlock()
	ended := make(chan struct{})
	go func() {
		<-f.done
		f.mu.Lock()
		defer f.mu.Unlock()
		close(ended)
		f.changed.Broadcast()
	}()
	f.mu.Lock()
	for !f.late && !isClosed(ended) {
		f.changed.Wait()
	}
	late := !isClosed(ended)
	f.stats.Lost += uint64(f.packets)
	f.packets = 0
	f.mu.Unlock()
	if late {
		f.report(lost(&pathError{f.options.Path, errSlow}))
	}
	return f.Err()
}

func isClosed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// pathError is an error with the file that the user named.
type pathError struct {
	path string
	err  error
}

func (e *pathError) Error() string {
	if e.path == "-" {
		return "-w -: " + e.err.Error()
	}
	return e.path + ": " + e.err.Error()
}

func (e *pathError) Unwrap() error { return e.err }

// ReaderGone reports whether an error says that the reader of a pipe has closed it.
func ReaderGone(err error) bool { return errors.Is(err, syscall.EPIPE) }
