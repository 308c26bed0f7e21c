package file

import (
	"errors"
	"fmt"
	"sync"

	"tlsfloor/capture"
)

// DefaultMemory bounds what inputs hold unless told otherwise, in bytes.
const DefaultMemory = 256 << 20

// budget is the memory that all inputs of a source share. Pumps use it from
// goroutines of their own.
type budget struct {
	mu         sync.Mutex
	used, most int64 // bytes
}

// account is what one input has of a budget.
type account struct {
	of   *budget
	held int64
	peak int64
}

// MemoryError says that an input needs more memory than there is for inputs.
type MemoryError struct {
	Need int64 // bytes that the input needs, as far as it is known
	Most int64 // bytes that there are for all inputs
}

func (e *MemoryError) Error() string {
	return fmt.Sprintf("it needs %d MiB of memory to be read; there are %d for all inputs", mebibytes(e.Need), e.Most>>20)
}

// Is makes it an capture.ErrUnsupported.
func (e *MemoryError) Is(target error) bool { return target == capture.ErrUnsupported }

func mebibytes(n int64) int64 { return (n + 1<<20 - 1) >> 20 }

// ErrDeferred: the input waits, since those that are read at once take the memory
// there is; its frames come later than their time says. It is said once.
var ErrDeferred = errors.New("read later than its time, since there is no memory to read more captures at once; connections that lie in several captures may not be followed")

// room reports whether an input that needs n bytes could be read now.
func (b *budget) room(n int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.used+n <= b.most
}

// grow takes n more bytes, or returns a *MemoryError. An account without a budget
// has no bound.
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

// close gives everything back, and returns how much that was.
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
