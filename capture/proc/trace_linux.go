package proc

import (
	"errors"
	"fmt"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"github.com/cilium/ebpf/ringbuf"
	"github.com/cilium/ebpf/rlimit"
)

// trace is the program in the kernel that reports connects, from Linux 5.8 on.
type trace struct {
	pending, scratchpad, ring *ebpf.Map
	program                   *ebpf.Program
	link                      link.Link
	reader                    *ringbuf.Reader
}

func openTrace() (*trace, error) {
	l, err := findLayout()
	if err != nil {
		return nil, err
	}
	_ = rlimit.RemoveMemlock() // before Linux 5.11 maps count against it; loading says whether it sufficed
	t := new(trace)
	if err := t.load(l); err != nil {
		t.close()
		return nil, err
	}
	return t, nil
}

func (t *trace) load(l layout) (err error) {
	if t.pending, err = ebpf.NewMap(&ebpf.MapSpec{Name: "tlsfloor_pending", Type: ebpf.LRUHash, KeySize: 8, ValueSize: recordSize, MaxEntries: maxPending}); err != nil {
		return fmt.Errorf("map: %w", err)
	}
	if t.scratchpad, err = ebpf.NewMap(&ebpf.MapSpec{Name: "tlsfloor_record", Type: ebpf.PerCPUArray, KeySize: 4, ValueSize: recordSize, MaxEntries: 1}); err != nil {
		return fmt.Errorf("map: %w", err)
	}
	if t.ring, err = ebpf.NewMap(&ebpf.MapSpec{Name: "tlsfloor_ring", Type: ebpf.RingBuf, MaxEntries: ringBytes}); err != nil {
		return fmt.Errorf("map: %w", err)
	}
	t.program, err = ebpf.NewProgram(&ebpf.ProgramSpec{
		Name: "tlsfloor", Type: ebpf.RawTracepoint, License: "GPL", // helpers that read memory are for such programs
		Instructions: program(l, t.pending, t.scratchpad, t.ring),
	})
	if err != nil {
		return fmt.Errorf("program: %w", err)
	}
	if t.link, err = link.AttachRawTracepoint(link.RawTracepointOptions{Name: "inet_sock_set_state", Program: t.program}); err != nil {
		return fmt.Errorf("tracepoint: %w", err)
	}
	t.reader, err = ringbuf.NewReader(t.ring)
	return err
}

// next waits for a connect. It returns an error after close.
func (t *trace) next(r *ringbuf.Record) (connect, error) {
	for {
		if err := t.reader.ReadInto(r); err != nil {
			return connect{}, err
		}
		if c, ok := readConnect(r.RawSample); ok {
			return c, nil
		}
	}
}

func (t *trace) close() error {
	var errs []error
	if t.reader != nil {
		errs = append(errs, t.reader.Close())
	}
	if t.link != nil {
		errs = append(errs, t.link.Close())
	}
	if t.program != nil {
		errs = append(errs, t.program.Close())
	}
	for _, m := range []*ebpf.Map{t.pending, t.scratchpad, t.ring} {
		if m != nil {
			errs = append(errs, m.Close())
		}
	}
	return errors.Join(errs...)
}
