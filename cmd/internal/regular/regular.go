// Package regular opens the small files that options name: lists, secrets and
// certificates. They have to be regular files: a named pipe or a device could block the
// reader, or never end.
package regular

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// Open opens a regular file for reading. It also accepts the path of a descriptor of
// the process: /dev/stdin, and /dev/fd/N, which shells pass for <(command). It never
// waits for the writer of a named pipe. Errors are *fs.PathError.
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
		err = pathError(path, "it is "+kind(info.Mode())+", and no regular file")
		if info.Mode()&(fs.ModeNamedPipe|fs.ModeSocket) != 0 {
			err = pathError(path, "it is "+kind(info.Mode())+", and no regular file; to read what another program writes, give /dev/stdin")
		}
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

// IsDescriptor reports whether path is that of a descriptor of the process, which can be
// read only once.
func IsDescriptor(path string) bool {
	return path == "/dev/stdin" || strings.HasPrefix(path, "/dev/fd/") || strings.HasPrefix(path, "/proc/self/fd/")
}

func pathError(path, cause string) error {
	return &fs.PathError{Op: "open", Path: path, Err: errors.New(cause)}
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

// Read opens a file as Open does and returns its content. More bytes than most are an
// error.
func Read(path string, most int64) ([]byte, error) {
	file, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, most+1))
	if err == nil && int64(len(text)) > most {
		err = pathError(path, fmt.Sprintf("it is longer than %d bytes", most))
	}
	return text, err
}
