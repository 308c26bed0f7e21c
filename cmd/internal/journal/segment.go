package journal

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"tlsfloor/cmd/internal/emit/ownership"
)

const segmentEnding = ".jsonl"

func segmentPath(folder string, first uint64) string {
	return filepath.Join(folder, fmt.Sprintf("%0*d%s", maxDigits, first, segmentEnding))
}

// segmentFirst returns the index in the name of a segment.
func segmentFirst(name string) (uint64, bool) {
	digits, ok := strings.CutSuffix(name, segmentEnding)
	if !ok || len(digits) != maxDigits {
		return 0, false
	}
	return parseIndex([]byte(digits))
}

// maxEntries bounds the files in a folder that is listed: whoever can write there could
// fill the memory of a reader. A journal has less than 200.
const maxEntries = 1 << 16

// list calls visit for each regular file in a folder.
func list(path string, visit func(name string)) error {
	folder, err := ownership.OpenFolder(path)
	if err != nil {
		return err
	}
	defer folder.Close()
	for n := 0; ; {
		entries, err := folder.ReadDir(256)
		for _, entry := range entries {
			if entry.Type().IsRegular() {
				visit(entry.Name())
			}
		}
		if n += len(entries); n > maxEntries {
			return &fs.PathError{Op: "list", Path: path, Err: errManyEntries}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// listSegments returns the first indices of a folder's segments, in order.
func listSegments(folder string) (firsts []uint64, err error) {
	err = list(folder, func(name string) {
		if first, ok := segmentFirst(name); ok {
			firsts = append(firsts, first)
		}
	})
	slices.Sort(firsts)
	return firsts, err
}

var errManyEntries = errors.New("it has too many files")

var errNotRegular = errors.New("it is no regular file")

// openRead opens a file in a folder that somebody else may own. A link could lead to a
// secret of the reader, and a named pipe would block it.
func openRead(path string) (*os.File, fs.FileInfo, error) {
	file, err := ownership.Open(path, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	return regularOnly(file, path, err)
}

func regularOnly(file *os.File, path string, err error) (*os.File, fs.FileInfo, error) {
	if err != nil {
		return nil, nil, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "open", Path: path, Err: errNotRegular}
	}
	if err != nil {
		return nil, nil, errors.Join(err, file.Close())
	}
	return file, info, nil
}
