// Package regular opens the small files that options name: lists, secrets,
// certificates. A named pipe or a device in their place would hold whoever reads
// it, or never end.
package regular

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// Open opens a file for reading. It has to be a regular one, unless the path says
// that a descriptor of the process is meant: /dev/stdin, or /dev/fd/N as shells
// write it for <(command). It never waits for somebody to write to a named pipe.
// Errors name the path.
func Open(path string) (*os.File, error) {
	if IsDescriptor(path) {
		return os.Open(path)
	}
	file, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is %s, and no regular file; what another program writes is read as /dev/stdin", path, kind(info.Mode()))
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

// IsDescriptor reports whether a path leads to a descriptor of the process: what
// can be read from there can be read once.
func IsDescriptor(path string) bool {
	return path == "/dev/stdin" || strings.HasPrefix(path, "/dev/fd/") || strings.HasPrefix(path, "/proc/self/fd/")
}

func kind(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "a folder"
	case mode&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	}
	return "a device"
}

// Read returns the content of a file that Open opens, of at most so many bytes.
func Read(path string, most int64) ([]byte, error) {
	file, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, most+1))
	if err == nil && int64(len(text)) > most {
		err = fmt.Errorf("%s is longer than %d bytes", path, most)
	}
	return text, err
}
