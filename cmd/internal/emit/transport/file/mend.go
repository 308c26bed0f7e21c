package file

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
)

// maxTorn bounds a line that is looked for at the end of a file, in bytes. An
// event with every field at its limit is shorter.
const maxTorn = 4 << 20

var errNotOurs = errors.New("it ends in something that is no event: not touching it")

// mend makes the file end in a whole line. The kernel cuts a write short when
// the process is killed in it, or the disk is full; a loss of power may leave
// zeros. What else has no end of line was not written by tlsfloor.
func (f *File) mend(file *os.File, size int64) error {
	torn, err := lastLine(file, size)
	if err != nil || len(torn) == 0 {
		return err
	}
	if json.Valid(torn) && torn[0] == '{' {
		f.options.Note(f.options.Path + " ended in a line without its end: added")
		_, err := file.Write([]byte{'\n'})
		return err
	}
	if torn[0] != '{' && torn[0] != 0 {
		return errNotOurs
	}
	f.options.Note(fmt.Sprintf("%s ended in %d bytes of a torn line: cut off", f.options.Path, len(torn)))
	return file.Truncate(size - int64(len(torn)))
}

// lastLine returns what follows the last end of a line.
func lastLine(file *os.File, size int64) ([]byte, error) {
	for n := int64(4 << 10); ; n *= 8 {
		n = min(n, size, maxTorn)
		tail := make([]byte, n)
		if _, err := file.ReadAt(tail, size-n); err != nil {
			return nil, err
		}
		if i := bytes.LastIndexByte(tail, '\n'); i >= 0 {
			return tail[i+1:], nil
		}
		if n == size {
			return tail, nil
		}
		if n == maxTorn {
			return nil, errNotOurs
		}
	}
}
