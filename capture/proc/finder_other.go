//go:build !linux

package proc

import "net/netip"

// Finder looks for processes.
type Finder struct{}

// Open returns ErrUnsupported.
func Open() (*Finder, error) { return nil, ErrUnsupported }

// Find returns ErrUnsupported.
func (*Finder) Find(_, _ netip.AddrPort) (*Process, error) { return nil, ErrUnsupported }

// Limits returns nothing.
func (*Finder) Limits() []string { return nil }

// Close does nothing.
func (*Finder) Close() error { return nil }
