//go:build !linux

package proc

import (
	"errors"
	"net/netip"
)

var errUnsupported = errors.New("finding processes is supported on Linux only")

// Finder looks for processes.
type Finder struct{}

// Open returns an error.
func Open() (*Finder, error) { return nil, errUnsupported }

// Find returns an error.
func (*Finder) Find(_, _ netip.AddrPort) (*Process, error) { return nil, errUnsupported }

// Limits returns nothing.
func (*Finder) Limits() []string { return nil }

// Close does nothing.
func (*Finder) Close() error { return nil }
