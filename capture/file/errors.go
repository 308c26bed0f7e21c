package file

import (
	"errors"
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

// errStopped: Stop was called.
var errStopped = errors.New("stopped")

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
