package journal

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
)

// ready implements walker. It checks that the position fits its segment.
func (r *Reader) ready() error {
	for r.scan.file == nil {
		if err := r.open(); err != nil {
			return err
		}
	}
	if !r.check {
		return nil
	}
	var before [1]byte
	switch _, err := r.scan.file.ReadAt(before[:], r.at.Offset-1); {
	case errors.Is(err, io.EOF): // shorter than the position
		return nil
	case err != nil:
		return err
	case before[0] == '\n':
		r.check = false
		return nil
	}
	r.check, r.find = false, r.at.Event > r.at.Segment
	r.scan.at, r.at.Offset = 0, 0
	return &Loss{Why: whyMisfit, Path: r.scan.file.Name()}
}

// open opens the segment of the position, or decides which follows it.
func (r *Reader) open() error {
	firsts, err := listSegments(r.folder)
	if err == nil && len(firsts) == 0 {
		err = io.EOF
	}
	if err != nil {
		return err
	}
	i, there := slices.BinarySearch(firsts, r.at.Segment)
	switch {
	case there:
		return r.openSegment()
	case i < len(firsts):
		return r.begins(firsts[i], &Loss{Why: whyGap, Path: segmentPath(r.folder, firsts[i])})
	}
	r.begin(firsts[0])
	return &Loss{Why: whyAnew, Path: r.folder}
}

func (r *Reader) begin(first uint64) {
	r.at = Position{Event: first, Segment: first}
	r.find = false
}

func (r *Reader) openSegment() error {
	file, info, err := openRead(segmentPath(r.folder, r.at.Segment))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // removed meanwhile: another is chosen
	}
	if err != nil {
		return err
	}
	r.check = r.at.Offset > 0
	return r.use(file, info, r.at.Offset)
}

// atEnd implements walker.
func (r *Reader) atEnd() error {
	firsts, err := listSegments(r.folder)
	if err != nil {
		return err
	}
	i, there := slices.BinarySearch(firsts, r.at.Segment)
	if there {
		i++
		if replaced, err := r.isReplaced(); replaced || err != nil {
			return errors.Join(err, r.scan.close()) // it is opened anew
		}
	}
	switch {
	case i == len(firsts) && i > 0 && !there: // the journal was begun anew
		return r.scan.close()
	case i == len(firsts) && r.damage.pieces > 0:
		return r.report(r.damage.pieces)
	case i == len(firsts):
		return io.EOF
	case !r.final: // it may have grown before the next one was created
		r.final = true
		return nil
	}
	return r.leave(firsts[i])
}

// isReplaced reports whether the name of the open segment is that of another file, as
// when a program copies the folder again and again. If the file was cut, it may grow
// again, differently, and is checked then.
func (r *Reader) isReplaced() (bool, error) {
	info, err := os.Lstat(r.scan.file.Name())
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	r.check = r.check || info.Size() < r.at.Offset
	return !os.SameFile(info, r.info), nil
}

// leave goes from the open segment to the next one.
func (r *Reader) leave(next uint64) error {
	loss, err := r.end()
	if err != nil {
		return err
	}
	if loss.Bytes == 0 {
		loss.Why, loss.Path = whyGap, segmentPath(r.folder, next)
	}
	return r.begins(next, loss)
}

// begins goes to the beginning of a segment, and counts what is missing before it. An index
// that is lower than expected was used twice: the machine lost power, and with it events
// that were read already.
func (r *Reader) begins(next uint64, loss *Loss) error {
	loss.Events = next - min(next, r.at.Event)
	if r.find && next < r.at.Event {
		r.at.Segment, r.at.Offset = next, 0
	} else {
		r.begin(next)
	}
	if loss.Events == 0 && loss.Bytes == 0 {
		return nil
	}
	return loss
}
