package live

import (
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/google/gopacket/pcap"

	"tlsfloor/capture"
)

const (
	// An interface that went away is looked for after minBackoff, then after
	// twice as long each time up to maxBackoff.
	minBackoff = 100 * time.Millisecond
	maxBackoff = 5 * time.Second
	// checkUpEvery is how often a quiet interface is asked whether it is up.
	checkUpEvery = time.Second
	// sampleEvery is after how many frames the kernel's counters are read:
	// they are 32 bits wide and may wrap while nobody asks.
	sampleEvery = 1 << 18
)

// port is one interface, used by one goroutine at a time.
type port struct {
	name    string
	options *Options
	stop    *stop
	handle  *pcap.Handle // nil while the interface is gone
	reader  reader       // of handle
	link    capture.LinkType
	gone    bool // for good

	backoff time.Duration
	retryAt time.Time
	checked time.Time // when up was last looked at
	up      bool

	watch   watch
	strange error // what a check has found, behind the frame that was delivered
	slow    bool  // ErrOneByOne was said

	frames           uint32     // since the last sample
	received         uint64     // packets that the kernel gave to this handle, but for those it dropped
	last             pcap.Stats // at the last sample, of this handle
	kernelDropped    atomic.Uint64
	interfaceDropped atomic.Uint64
}

func newPort(name string, o *Options, s *stop) (*port, error) {
	p := &port{name: name, options: o, stop: s, up: true, backoff: minBackoff}
	if err := p.open(); err != nil {
		return nil, inputError(name, err)
	}
	return p, nil
}

func (p *port) open() error {
	inactive, err := pcap.NewInactiveHandle(p.name)
	if err != nil {
		return err
	}
	defer inactive.CleanUp()
	if err := p.configure(inactive); err != nil {
		return err
	}
	handle, err := inactive.Activate()
	if err != nil {
		return explain(p.name, err)
	}
	err = setFilter(handle, p.options.Filter)
	if err == nil {
		err = protect(handle, !p.options.unlocked)
	}
	if err != nil {
		handle.Close()
		return err
	}
	p.handle, p.last, p.received = handle, pcap.Stats{}, 0
	p.watch = watch{at: time.Now().UnixNano(), filter: filterOf(handle)}
	p.watch.counted, _ = counted(p.name)
	p.readFrom(handle)
	p.link = linkType(uint8(handle.LinkType()), runtime.GOOS)
	return nil
}

// readFrom takes frames from a handle. That it cannot take many at once is an
// error that next returns, the first time.
func (p *port) readFrom(handle *pcap.Handle) {
	var err error
	p.reader, err = newReader(handle, p.options.Timeout)
	if err != nil && !p.slow {
		p.slow, p.strange = true, inputError(p.name, fmt.Errorf("%w: %w", ErrOneByOne, err))
	}
}

// configure leaves immediate mode off: in it, each packet wakes the reader.
func (p *port) configure(h *pcap.InactiveHandle) error {
	return errors.Join(
		h.SetSnapLen(p.options.Snaplen),
		h.SetPromisc(p.options.Promiscuous),
		h.SetTimeout(p.options.Timeout),
		h.SetBufferSize(p.options.BufferBytes),
	)
}

func setFilter(h *pcap.Handle, expression string) error {
	if expression == "" {
		return nil
	}
	if err := checkText(expression); err != nil {
		return err
	}
	if err := h.SetBPFFilter(expression); err != nil {
		return badExpression(expression, err)
	}
	return nil
}

func badExpression(expression string, err error) error {
	return fmt.Errorf("%w %q: %w", ErrExpression, expression, err)
}

// next reads a frame. Beside ErrTimeout it returns an *InputError once when the
// interface goes down or away, and io.EOF when it cannot come back, or has
// delivered what came before the stop.
func (p *port) next(f *capture.Frame) error {
	if p.handle == nil {
		return p.reopen()
	}
	if err := p.strange; err != nil {
		p.strange = nil
		return err
	}
	err := p.reader.next(f)
	if p.stop.isOver(f, err, p.options.Timeout) {
		return io.EOF
	}
	if err != nil {
		return p.without(err)
	}
	if p.frames++; p.frames == sampleEvery {
		p.sample()
	}
	p.watch.came = true
	if p.watch.isDue(f.Time, p.options.watchEvery) {
		p.strange = p.check(f.Time)
	}
	f.Length = max(f.Length, len(f.Data))
	f.Link = p.link
	f.Source = p.name
	return nil
}

func (p *port) without(err error) error {
	if err != capture.ErrTimeout {
		return p.lost()
	}
	p.sample()
	p.backoff = minBackoff
	if down := p.checkUp(); down != nil {
		return down
	}
	if now := time.Now().UnixNano(); p.watch.isDue(now, p.options.watchEvery) {
		if strange := p.check(now); strange != nil {
			return strange
		}
	}
	return capture.ErrTimeout
}

// lost closes the handle of an interface that went away. libpcap survives an
// interface that only goes down, but for old ones.
func (p *port) lost() error {
	cause := p.handle.Error()
	p.close()
	p.retryAt = time.Now().Add(p.backoff)
	p.backoff = min(2*p.backoff, maxBackoff)
	return inputError(p.name, fmt.Errorf("%w (libpcap: %w)", ErrLost, cause))
}

// reopen waits for the interface to be there and up again. Without the
// permission to open it there is nothing to wait for.
func (p *port) reopen() error {
	if p.gone || p.stop.asked() {
		return io.EOF
	}
	if wait := time.Until(p.retryAt); wait > 0 {
		time.Sleep(min(wait, p.options.Timeout))
		return capture.ErrTimeout
	}
	err := p.open()
	if errors.Is(err, ErrPermission) {
		p.gone = true
		return inputError(p.name, fmt.Errorf("the interface came back, and cannot be opened again: %w", err))
	}
	if err != nil {
		p.retryAt = time.Now().Add(p.backoff)
		p.backoff = min(2*p.backoff, maxBackoff)
	}
	return capture.ErrTimeout
}

// checkUp says once that the interface is down. Interfaces that only libpcap
// knows, such as "any", are always up.
func (p *port) checkUp() error {
	if time.Since(p.checked) < checkUpEvery {
		return nil
	}
	p.checked = time.Now()
	found, err := net.InterfaceByName(p.name)
	was := p.up
	p.up = err != nil || found.Flags&net.FlagUp != 0
	if was && !p.up {
		return inputError(p.name, fmt.Errorf("%w; waiting for it to come up", ErrDown))
	}
	return nil
}

// sample adds what the kernel dropped since the last time.
func (p *port) sample() {
	p.frames = 0
	if p.handle == nil {
		return
	}
	now, err := p.handle.Stats()
	if err != nil {
		return
	}
	received, dropped := since(p.last.PacketsReceived, now.PacketsReceived), since(p.last.PacketsDropped, now.PacketsDropped)
	p.received += received - min(received, dropped)
	p.kernelDropped.Add(dropped)
	p.interfaceDropped.Add(since(p.last.PacketsIfDropped, now.PacketsIfDropped))
	p.last = *now
}

// since is how far a counter of 32 bits went. A step back is none: libpcap's
// count of the interface falls when a sandbox hides its source.
func since(before, now int) uint64 {
	return uint64(max(0, int32(uint32(now)-uint32(before))))
}

func (p *port) close() {
	if p.handle == nil {
		return
	}
	p.sample()
	p.reader.close()
	p.handle.Close()
	p.handle = nil
}
