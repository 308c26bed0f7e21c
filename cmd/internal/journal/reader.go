package journal

import "errors"

// Position is where a reader is: before an event.
type Position struct {
	Event   uint64 // index of the next event
	Segment uint64 // index of the first event of the segment that has it
	Offset  int64  // of its line in the segment, in bytes
}

// Reader reads a journal while it is written. It only reads the folder, and holds one
// file open. One goroutine may use it.
type Reader struct {
	track
	folder string
	check  bool // that a line ends before at.Offset
	find   bool // the position did not fit its file, of which lines before at.Event are skipped
}

// OpenReader opens a journal for reading, from the oldest event that it has. The folder
// has to exist; it may be empty.
func OpenReader(folder string) (*Reader, error) {
	r := &Reader{folder: folder}
	return r, r.Seek(Position{})
}

// Seek goes to a position, which may be that of an earlier process. What follows it is
// looked for if the segment was removed, cut or replaced. The zero Position is before the
// oldest event that there is.
func (r *Reader) Seek(p Position) error {
	if p != (Position{}) {
		return r.seek(p)
	}
	firsts, err := listSegments(r.folder)
	if len(firsts) > 0 {
		p = Position{Event: firsts[0], Segment: firsts[0]}
	}
	return errors.Join(err, r.seek(p))
}

// seek is the same, but the zero position is before the first event of all.
func (r *Reader) seek(p Position) error {
	r.at, r.find = p, false
	return r.scan.close()
}

// Next returns the next event, without newline and check, and the position after it. The
// view is valid until the next call. io.EOF: there is nothing more now; call it again
// later. *Loss: events cannot be read; call it again at once. Any other error is that of
// the file system.
func (r *Reader) Next() (line []byte, after Position, err error) { return r.next(r) }

// take implements walker.
func (r *Reader) take(line []byte, size int, ended bool) (event []byte, err error) {
	index, body, ok := checked(line)
	if !ok || r.damage.inside {
		return nil, r.skip(size, ended)
	}
	if loss := r.account(index); loss != nil {
		return nil, loss
	}
	r.pass(size)
	r.failures = 0
	if r.find && index < r.at.Event {
		return nil, nil
	}
	r.find, r.at.Event = false, max(index+1, r.at.Segment)
	line[body] = '}'
	return line[:body+1], nil
}

// account returns a Loss if there is damage before the event with this index, or a hole.
// The offset says what was read, and the index how much is missing.
func (r *Reader) account(index uint64) error {
	missing := index - min(index, r.at.Event)
	if r.damage == (damage{}) && missing == 0 {
		return nil
	}
	loss := r.loss(missing)
	if loss.Bytes == 0 {
		loss.Why = whyHole
	}
	r.damage = damage{}
	r.at.Event = max(r.at.Event, index)
	return loss
}
