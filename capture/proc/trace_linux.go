package proc

import (
	"errors"
	"fmt"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/link"
	"github.com/cilium/ebpf/ringbuf"
	"github.com/cilium/ebpf/rlimit"
)

//go:generate ../../.ci/kernel-program .

// trace is the program in the kernel (BPF) that reports connects, from Linux 5.8 on:
// trace.bpf.c, whose compiled form is in the repository.
type trace struct {
	kernel traceObjects
	link   link.Link
	reader *ringbuf.Reader
}

func openTrace() (*trace, error) {
	types, err := btf.LoadKernelSpec()
	if err != nil {
		return nil, fmt.Errorf("the kernel does not describe its types (CONFIG_DEBUG_INFO_BTF): %w", err)
	}
	_ = rlimit.RemoveMemlock() // before Linux 5.11 maps count against it; if it fails, load may fail
	t := new(trace)
	if err := t.load(types); err != nil {
		t.close()
		return nil, err
	}
	return t, nil
}

// load puts the program into the kernel. types gives the offsets of the fields that it
// reads.
func (t *trace) load(types *btf.Spec) (err error) {
	o := ebpf.CollectionOptions{Programs: ebpf.ProgramOptions{KernelTypes: types}}
	if err := loadTraceObjects(&t.kernel, &o); err != nil {
		return err
	}
	t.link, err = link.AttachRawTracepoint(link.RawTracepointOptions{Name: "inet_sock_set_state", Program: t.kernel.Tlsfloor})
	if err != nil {
		return fmt.Errorf("tracepoint: %w", err)
	}
	t.reader, err = ringbuf.NewReader(t.kernel.TlsfloorRing)
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
	errs = append(errs, t.kernel.Close())
	return errors.Join(errs...)
}
