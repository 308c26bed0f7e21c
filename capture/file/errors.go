package file

import (
	"errors"
	"fmt"
	"io/fs"

	"tlsfloor/capture"
)

var (
	// ErrReplaced: a followed file was cut short or replaced by another one;
	// the new content is read from its beginning.
	ErrReplaced = errors.New("replaced while it was followed; reading the new file from its beginning")

	errNoCaptures = errors.New("no file in this folder or below it is a capture file (pcap or pcapng)")
	errNoInput    = errors.New("no capture file named")
)

// Ways for a reader to have nothing more that are not the input's end.
var (
	// errIdle: nothing to read yet, as from a quiet pipe or a followed file.
	// Nothing was consumed; the same call may be made again.
	errIdle = errors.New("nothing to read yet")
	// errStopped: Stop was called.
	errStopped = errors.New("stopped")
	// errNextFile: another file begins here, joined to the one before it.
	errNextFile = errors.New("another file begins")
)

// inputError names the input. A PathError is reduced to its cause: it would
// repeat the name and add the system call.
func inputError(name string, err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return &capture.InputError{Name: inputName(name), Err: err}
}

func inputName(name string) string {
	if name == stdinName {
		return "standard input"
	}
	return name
}

// place is where in a file something is wrong.
type place struct {
	what   string // "record" or "block"
	number uint64 // from 1, of the file that it is in when several are joined
	offset int64  // in bytes, of the uncompressed content
}

func (p place) String() string {
	return fmt.Sprintf("%s %d, at byte %d,", p.what, p.number, p.offset)
}

func (p place) truncated() error {
	return fmt.Errorf("%w: %s is cut short", capture.ErrTruncated, p)
}

func (p place) damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %s %s", capture.ErrDamaged, p, fmt.Sprintf(format, args...))
}
