package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
)

// Follower reads a file of native events while it is written, and goes on over rotations:
// of tlsfloor's own outputs, and of logrotate, which renames or copies (rotated). Lines
// may have checks or not. One goroutine may use it.
//
// In its Position, Segment is a hash of the file's first line, which finds the file under
// any name, and Event is how many events were read.
type Follower struct {
	track
	path   string
	intact int64 // how far the open file is known to be the one whose first line was hashed
	cut    bool  // the file was cut while it was open
}

// OpenFile opens a file of events for reading, from the first event of its oldest rotated
// predecessor on. Its folder has to exist.
func OpenFile(path string) (*Follower, error) {
	f := &Follower{path: path}
	_, err := f.files()
	return f, err
}

// WasRotated reports whether a file is there that this one was before.
func WasRotated(path string) bool {
	files, err := (&Follower{path: path}).files()
	return err == nil && len(files) > 0
}

// Seek goes to a position, which may be that of an earlier process. Its file is looked
// for under all names.
func (f *Follower) Seek(p Position) error {
	err := f.scan.close()
	f.at = p
	return err
}

// Next is as Reader.Next. Where the events of a Loss have no index, their number is that
// of the damaged lines.
func (f *Follower) Next() (line []byte, after Position, err error) { return f.next(f) }

// take implements walker.
func (f *Follower) take(line []byte, size int, ended bool) (event []byte, err error) {
	body, ok := eventIn(line)
	if !ok || f.damage.inside {
		return nil, f.refuse(size, ended)
	}
	if f.damage != (damage{}) {
		return nil, f.report(f.damage.pieces)
	}
	f.identify(line)
	f.pass(size)
	f.failures = 0
	f.at.Event++
	line[body] = '}'
	return line[:body+1], nil
}

// eventIn returns where an event's closing brace belongs.
func eventIn(line []byte) (body int, ok bool) {
	if hasCheck(line) {
		_, body, ok = checked(line)
		return body, ok
	}
	return len(line) - 1, isEvent(line) && bytes.HasPrefix(line, []byte(`{"schema":"tlsfloor/`)) && json.Valid(line)
}

// identify takes the position into the open file, of which this is the first line if none
// was read yet.
func (f *Follower) identify(line []byte) {
	if f.scan.at == 0 {
		f.at.Segment, f.at.Offset = hashOf(line), 0
	}
}

// refuse skips a piece that is no event. But if the file was cut and has grown again,
// beyond the offset, it is another file now.
func (f *Follower) refuse(size int, ended bool) error {
	if f.scan.at >= f.intact {
		same, err := f.isSame()
		if err != nil {
			return err
		}
		if !same {
			return f.lookAgain()
		}
		f.intact = f.scan.at + int64(len(f.scan.filled))
	}
	first, _, _ := bytes.Cut(f.scan.filled[:size], []byte{'\n'})
	f.identify(first)
	return f.skip(size, ended)
}

// ready implements walker.
func (f *Follower) ready() error {
	for f.scan.file == nil {
		if err := f.open(); err != nil {
			return err
		}
	}
	return nil
}

// open looks for the file of the position. If one is gone meanwhile, none is open.
func (f *Follower) open() error {
	files, err := f.files()
	if err == nil && len(files) == 0 {
		err = io.EOF
	}
	if err != nil {
		return err
	}
	if f.at.Offset == 0 {
		return f.begin(files[0])
	}
	for i := len(files) - 1; i >= 0; i-- {
		if found, err := f.enter(files[i]); found || err != nil {
			return err
		}
	}
	if f.cut {
		return f.beginAgain(files[len(files)-1])
	}
	f.at.Segment, f.at.Offset = 0, 0
	return &Loss{Why: whyGone, Path: f.path}
}

// beginAgain goes on after a cut of which there is no copy, as soon as the file has
// something again.
func (f *Follower) beginAgain(last rotated) error {
	if last.mark != "" {
		return io.EOF
	}
	if err := f.begin(last); err != nil {
		return err
	}
	f.cut = false
	return &Loss{Why: whyCut, Path: f.path}
}

// begin opens a file at its first event. The position stays in the file before until
// something of this one was read. If it is gone meanwhile, another is looked for.
func (f *Follower) begin(found rotated) error {
	file, info, err := openFile(found.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return f.use(file, info, 0)
}

// enter opens a file if it has the position.
func (f *Follower) enter(found rotated) (bool, error) {
	if found.info.Size() < f.at.Offset {
		return false, nil
	}
	file, info, err := openFile(found.path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if hash, ok, err := firstHash(file); !ok || hash != f.at.Segment {
		return false, errors.Join(err, file.Close())
	}
	return true, f.use(file, info, f.at.Offset)
}

// isSame reports whether the open file is still the one that the position is in.
func (f *Follower) isSame() (bool, error) {
	info, err := f.scan.file.Stat()
	if err != nil || info.Size() < f.scan.at {
		return false, err
	}
	if f.scan.at == 0 {
		return true, nil
	}
	hash, ok, err := firstHash(f.scan.file)
	return ok && hash == f.at.Segment, err
}

// lookAgain closes a file that was cut: a copy may have what was in it.
func (f *Follower) lookAgain() error {
	f.cut = true
	return f.scan.close()
}

// atEnd implements walker.
func (f *Follower) atEnd() error {
	f.intact = 0
	if same, err := f.isSame(); err != nil {
		return err
	} else if !same {
		return f.lookAgain()
	}
	next, ok, err := f.following()
	switch {
	case err != nil:
		return err
	case !ok && f.damage.pieces > 0:
		return f.report(f.damage.pieces)
	case !ok:
		return io.EOF
	case !f.final: // it may have grown before the next one was begun
		f.final = true
		return nil
	}
	return f.leave(next)
}

// leave goes from the open file to the next one.
func (f *Follower) leave(next rotated) error {
	pieces := f.damage.pieces
	loss, err := f.end()
	if err != nil {
		return err
	}
	f.cut = false
	if err := f.begin(next); err != nil || loss.Bytes == 0 {
		return err
	}
	loss.Events = pieces
	f.at.Event += pieces
	return loss
}

// following returns the file after the open one, if the writer has begun it: before that it
// may still write to the open one under its new name.
func (f *Follower) following() (next rotated, ok bool, err error) {
	files, err := f.files()
	if err != nil {
		return next, false, err
	}
	info, err := f.scan.file.Stat()
	if err != nil {
		return next, false, err
	}
	for i, found := range files {
		if os.SameFile(found.info, info) {
			if i+1 == len(files) {
				return next, false, nil
			}
			return files[i+1], true, nil
		}
	}
	for _, found := range files { // the open one was removed
		if found.mark == "" || !found.info.ModTime().Before(info.ModTime()) {
			return found, true, nil
		}
	}
	return next, false, nil
}

// maxFirst bounds what of a first line is hashed, in bytes.
const maxFirst = 1 << 10

// firstHash hashes the first line of a file; false: it has no whole line.
func firstHash(file io.ReaderAt) (hash uint64, ok bool, err error) {
	var first [maxFirst]byte
	n, err := file.ReadAt(first[:], 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, false, err
	}
	line, _, whole := bytes.Cut(first[:n], []byte{'\n'})
	return hashOf(line), whole || n == maxFirst, nil
}

// hashOf is FNV-1a of the beginning of a first line: the same in all versions.
func hashOf(line []byte) uint64 {
	hash := uint64(14695981039346656037)
	for _, c := range line[:min(len(line), maxFirst)] {
		hash = (hash ^ uint64(c)) * 1099511628211
	}
	return hash
}
