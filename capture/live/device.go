package live

import (
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/gopacket/pcap"

	"tlsfloor/capture"
)

const (
	// An interface that went away is opened again after minBackoff, then after twice as
	// long each time, up to maxBackoff.
	minBackoff = 100 * time.Millisecond
	maxBackoff = 5 * time.Second
	// checkUpEvery is how often a quiet interface is checked for being up.
	checkUpEvery = time.Second
	// sampleEvery is after how many frames the kernel's counters are read: they have 32
	// bits and may wrap.
	sampleEvery = 1 << 18
)

// device is one interface, used by one goroutine at a time.
type device struct {
	name    string
	options *Options
	stop    *stop
	handle  *pcap.Handle // nil while the interface is gone
	reader  reader       // of handle
	link    capture.LinkType
	gone    bool // and cannot be opened again

	backoff time.Duration
	retryAt time.Time
	checked time.Time // when up was last checked
	up      bool

	watch   watch
	problem error // found by a check; returned by the next call of next
	slow    bool  // ErrOneByOne was returned

	frames           uint32     // since the last sample
	received         uint64     // packets for this handle, without those that the kernel dropped
	last             pcap.Stats // of this handle, at the last sample
	kernelDropped    atomic.Uint64
	interfaceDropped atomic.Uint64
}

func newDevice(name string, o *Options, s *stop) (*device, error) {
	d := &device{name: name, options: o, stop: s, up: true, backoff: minBackoff}
	if err := d.open(); err != nil {
		return nil, inputError(name, err)
	}
	return d, nil
}

func (d *device) open() error {
	inactive, err := pcap.NewInactiveHandle(d.name)
	if err != nil {
		return err
	}
	defer inactive.CleanUp()
	if err := d.configure(inactive); err != nil {
		return err
	}
	handle, err := inactive.Activate()
	if err != nil {
		return explain(d.name, err)
	}
	err = setFilter(handle, d.options.Filter)
	if err == nil {
		err = protect(handle, !d.options.unlocked)
	}
	if err != nil {
		handle.Close()
		return err
	}
	d.handle, d.last, d.received = handle, pcap.Stats{}, 0
	d.watch = watch{at: time.Now().UnixNano(), filter: filterOf(handle)}
	d.watch.counted, _ = counted(d.name)
	d.readFrom(handle)
	d.link = linkType(uint8(handle.LinkType()), runtime.GOOS)
	return nil
}

// readFrom makes a reader for a handle. If it cannot take frames in batches, next
// returns an error, the first time.
func (d *device) readFrom(handle *pcap.Handle) {
	var err error
	d.reader, err = newReader(handle, d.options.Timeout)
	if err != nil && !d.slow {
		d.slow, d.problem = true, inputError(d.name, fmt.Errorf("%w: %w", ErrOneByOne, err))
	}
}

// configure leaves immediate mode off, in which each packet wakes the reader.
func (d *device) configure(h *pcap.InactiveHandle) error {
	return errors.Join(
		h.SetSnapLen(d.options.Snaplen),
		h.SetPromisc(d.options.Promiscuous),
		h.SetTimeout(d.options.Timeout),
		h.SetBufferSize(d.options.BufferBytes),
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
	if why, ok := strings.CutPrefix(err.Error(), "can't parse filter expression: "); ok {
		err = errors.New(why) // libpcap's own prefix says it again
	}
	return fmt.Errorf("%w %q: %w (man pcap-filter explains expressions)", errExpression, expression, err)
}

// next reads a frame. Besides capture.ErrTimeout it returns an *InputError once when the
// interface goes down or away, and io.EOF when it cannot come back or after the last
// frame before the stop.
func (d *device) next(f *capture.Frame) error {
	if d.handle == nil {
		return d.reopen()
	}
	if err := d.problem; err != nil {
		d.problem = nil
		return err
	}
	err := d.reader.next(f)
	if d.stop.isOver(f, err, d.options.Timeout) {
		return io.EOF
	}
	if err != nil {
		return d.noFrame(err)
	}
	if d.frames++; d.frames == sampleEvery {
		d.sample()
	}
	d.watch.came = true
	if d.watch.isDue(f.Time, d.options.watchEvery) {
		d.problem = d.check(f.Time)
	}
	f.Length = max(f.Length, len(f.Data))
	f.Link = d.link
	f.Source = d.name
	return nil
}

// noFrame handles an error of the reader.
func (d *device) noFrame(err error) error {
	if err != capture.ErrTimeout {
		return d.lost()
	}
	d.sample()
	d.backoff = minBackoff
	if down := d.checkUp(); down != nil {
		return down
	}
	if now := time.Now().UnixNano(); d.watch.isDue(now, d.options.watchEvery) {
		if problem := d.check(now); problem != nil {
			return problem
		}
	}
	return capture.ErrTimeout
}

// lost closes the handle of an interface that went away. With an old libpcap, that also
// happens when it only goes down.
func (d *device) lost() error {
	cause := d.handle.Error()
	d.close()
	d.retryAt = time.Now().Add(d.backoff)
	d.backoff = min(2*d.backoff, maxBackoff)
	return inputError(d.name, fmt.Errorf("%w (libpcap: %w)", ErrLost, cause))
}

// reopen tries to open an interface that went away. Without the permission for that, it
// gives up.
func (d *device) reopen() error {
	if d.gone || d.stop.requested() {
		return io.EOF
	}
	if wait := time.Until(d.retryAt); wait > 0 {
		time.Sleep(min(wait, d.options.Timeout))
		return capture.ErrTimeout
	}
	err := d.open()
	if errors.Is(err, errPermission) {
		d.gone = true
		return inputError(d.name, fmt.Errorf("the interface came back, and cannot be opened again: %w", err))
	}
	if err != nil {
		d.retryAt = time.Now().Add(d.backoff)
		d.backoff = min(2*d.backoff, maxBackoff)
	}
	return capture.ErrTimeout
}

// checkUp returns an error once if the interface is down. Interfaces that only libpcap
// knows, such as "any", are always up.
func (d *device) checkUp() error {
	if time.Since(d.checked) < checkUpEvery {
		return nil
	}
	d.checked = time.Now()
	found, err := net.InterfaceByName(d.name)
	was := d.up
	d.up = err != nil || found.Flags&net.FlagUp != 0
	if was && !d.up {
		return inputError(d.name, fmt.Errorf("%w; waiting for it to come up", ErrDown))
	}
	return nil
}

// sample reads the kernel's counters.
func (d *device) sample() {
	d.frames = 0
	if d.handle == nil {
		return
	}
	now, err := d.handle.Stats()
	if err != nil {
		return
	}
	received, dropped := since(d.last.PacketsReceived, now.PacketsReceived), since(d.last.PacketsDropped, now.PacketsDropped)
	d.received += received - min(received, dropped)
	d.kernelDropped.Add(dropped)
	d.interfaceDropped.Add(since(d.last.PacketsIfDropped, now.PacketsIfDropped))
	d.last = *now
}

// since is how far a counter of 32 bits went. A step back counts as 0: libpcap's counter
// of the interface falls when a sandbox hides the file that it comes from.
func since(before, now int) uint64 {
	return uint64(max(0, int32(uint32(now)-uint32(before))))
}

func (d *device) close() {
	if d.handle == nil {
		return
	}
	d.sample()
	d.reader.close()
	d.handle.Close()
	d.handle = nil
}

// DLT_ numbers that differ from the link types of the same number: 12 and 14 mean
// something else on OpenBSD, and gopacket cuts LINUX_SLL2 (276) to eight bits, 20.
const (
	dltRaw        = 12
	dltRawOpenBSD = 14
	dltSLL2Cut    = capture.LinkLinuxSLL2 & 0xff
)

// linkType returns the link type for the DLT_ number of a handle, as gopacket cuts it.
// No interface has one of the other numbers that differ.
func linkType(dlt uint8, goos string) capture.LinkType {
	switch {
	case dlt == uint8(dltSLL2Cut):
		return capture.LinkLinuxSLL2
	case goos == "openbsd" && dlt == dltRaw:
		return capture.LinkLoop
	case dlt == dltRaw, goos == "openbsd" && dlt == dltRawOpenBSD:
		return capture.LinkRaw
	}
	return capture.LinkType(dlt)
}

// reader reads frames from a handle.
type reader interface {
	// next fills Time, Data and Length of f; the data are valid until the next
	// call. It returns capture.ErrTimeout when nothing came within the handle's
	// timeout, and another error when the handle has failed.
	next(f *capture.Frame) error
	close() // called before the handle is closed
}

// singleReader reads one frame with each call of libpcap, which also waits.
type singleReader struct{ handle *pcap.Handle }

func (s singleReader) next(f *capture.Frame) error {
	data, info, err := s.handle.ZeroCopyReadPacketData()
	if err == pcap.NextErrorTimeoutExpired {
		return capture.ErrTimeout
	}
	if err != nil {
		return err
	}
	f.Time, f.Data, f.Length = info.Timestamp.UnixNano(), data, info.Length
	return nil
}

func (singleReader) close() {}
