package file

import (
	"errors"
	"fmt"
	"sync"

	"tlsfloor/capture"
)

// budget is the memory that all inputs of a source share. Pumps use it from their own
// goroutines.
type budget struct {
	mu         sync.Mutex
	used, most int64 // bytes
}

// account is the part of a budget that one input holds.
type account struct {
	of   *budget // nil: there is no bound
	held int64   // bytes
	peak int64   // the largest held
}

// MemoryError: an input needs more memory than all inputs together may use.
type MemoryError struct {
	Need int64 // bytes that the input needs, as far as is known
	Most int64 // bytes for all inputs
}

func (e *MemoryError) Error() string {
	return fmt.Sprintf("it needs %d MiB of memory to be read; there are %d for all inputs", mebibytes(e.Need), e.Most>>20)
}

// Is makes it a capture.ErrUnsupported.
func (e *MemoryError) Is(target error) bool { return target == capture.ErrUnsupported }

func mebibytes(n int64) int64 { return (n + 1<<20 - 1) >> 20 }

// ErrDeferred: the input waits because the inputs that are read at once use all
// memory. Its frames come later than they should. Next returns it once.
var ErrDeferred = errors.New("read after the others, because there is no memory for more captures at once: connections that are in several captures may not be followed")

// fits reports whether an input that needs n bytes could be read now.
func (b *budget) fits(n int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.used+n <= b.most
}

// grow takes n more bytes from the budget, or returns a *MemoryError.
func (a *account) grow(n int64) error {
	if a.of == nil {
		return nil
	}
	a.of.mu.Lock()
	defer a.of.mu.Unlock()
	if a.of.used+n > a.of.most {
		return &MemoryError{Need: a.held + n, Most: a.of.most}
	}
	a.of.used += n
	a.held += n
	a.peak = max(a.peak, a.held)
	return nil
}

// close returns everything to the budget. It returns how many bytes that was.
func (a *account) close() (held int64) {
	if a.of == nil {
		return 0
	}
	a.of.mu.Lock()
	defer a.of.mu.Unlock()
	held, a.held = a.held, 0
	a.of.used -= held
	return held
}
