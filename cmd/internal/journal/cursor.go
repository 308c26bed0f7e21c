package journal

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"tlsfloor/cmd/internal/emit/ownership"
)

// ErrInUse: another process, or this one, has the cursor or the journal open.
var ErrInUse = errors.New("it is in use by another tlsfloor")

// errNoCursor: a file has another length than a cursor. It is not overwritten.
var errNoCursor = errors.New("it is no cursor of tlsfloor")

// Cursors returns the folder in a journal in which its writer looks for cursors.
func Cursors(journal string) string { return filepath.Join(journal, "cursors") }

// Cursor keeps the position of one reader. Its file has two slots, written in turn, so
// that a write that is cut short leaves the other one intact.
type Cursor struct {
	file       *os.File
	generation uint64
	at         Position
}

// slotSize is four numbers of 64 bits (generation, and a position) and a CRC-32C, in
// bytes.
const slotSize = 4*8 + 4

// cursorMode lets a writer of the same group read cursors. They hold no event.
const cursorMode = 0o640

// OpenCursor opens the cursor called name in a folder, which it creates if needed:
// Cursors(journal), or another one, of which the writer does not know. The name is a file
// name. A cursor that another process has open is ErrInUse.
func OpenCursor(folder, name string) (*Cursor, error) {
	if err := ownership.MakeFolder(folder); err != nil {
		return nil, err
	}
	path := filepath.Join(folder, name)
	file, err := ownership.Open(path, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW|unix.O_NONBLOCK, cursorMode)
	if err != nil {
		return nil, err
	}
	c := &Cursor{file: file}
	if err := c.load(); err != nil {
		return nil, errors.Join(&fs.PathError{Op: "open", Path: path, Err: err}, file.Close())
	}
	return c, nil
}

func (c *Cursor) load() error {
	if isLocked(c.file) {
		return ErrInUse
	}
	var err error
	if c.generation, c.at, err = readSlots(c.file); err != nil {
		return err
	}
	// Both slots are written now, because they must have room when the disk is full.
	if c.generation == 0 {
		if info, err := c.file.Stat(); err != nil || info.Size() > 2*slotSize {
			return errors.Join(errNoCursor, err) // such as a hard link to another file
		}
		_ = c.file.Chmod(cursorMode) // despite the umask; some file systems have no modes
		_, err := c.file.WriteAt(make([]byte, 2*slotSize), 0)
		return err
	}
	return errors.Join(c.Set(c.at), c.Set(c.at))
}

// Resume makes a reader, which was just opened, go on at the cursor. A new cursor takes
// the position of the reader instead: from then on what is removed before it is read
// counts as lost.
func (c *Cursor) Resume(r interface {
	Seek(Position) error
	Position() Position
}) error {
	switch reader, ok := r.(*Reader); {
	case c.generation == 0:
		return c.Set(r.Position())
	case ok:
		return reader.seek(c.at)
	}
	return r.Seek(c.at)
}

// Position returns what Set was given last, by this process or an earlier one.
func (c *Cursor) Position() Position { return c.at }

// Set keeps a position. It survives the end of the process at once, and a loss of power
// when the kernel has written it, within half a minute: events read since then are read
// again.
func (c *Cursor) Set(p Position) error {
	c.generation++
	var slot [slotSize]byte
	binary.BigEndian.PutUint64(slot[:], c.generation)
	binary.BigEndian.PutUint64(slot[8:], p.Event)
	binary.BigEndian.PutUint64(slot[16:], p.Segment)
	binary.BigEndian.PutUint64(slot[24:], uint64(p.Offset))
	binary.BigEndian.PutUint32(slot[32:], crc32.Checksum(slot[:32], castagnoli))
	if _, err := c.file.WriteAt(slot[:], int64(c.generation%2)*slotSize); err != nil {
		return err
	}
	c.at = p
	return nil
}

// Close writes the position to the disk.
func (c *Cursor) Close() error { return errors.Join(c.file.Sync(), c.file.Close()) }

// readSlots returns what the newer intact slot has, or zeros: generations begin with 1.
func readSlots(file io.ReaderAt) (generation uint64, p Position, err error) {
	var slots [2 * slotSize]byte
	if _, err := file.ReadAt(slots[:], 0); err != nil && !errors.Is(err, io.EOF) {
		return 0, Position{}, err
	}
	for _, slot := range [][]byte{slots[:slotSize], slots[slotSize:]} {
		turn := binary.BigEndian.Uint64(slot)
		if binary.BigEndian.Uint32(slot[32:]) != crc32.Checksum(slot[:32], castagnoli) || turn <= generation || turn > math.MaxInt64 {
			continue
		}
		generation = turn
		p = Position{
			Event: binary.BigEndian.Uint64(slot[8:]), Segment: binary.BigEndian.Uint64(slot[16:]),
			Offset: int64(binary.BigEndian.Uint64(slot[24:]) &^ (1 << 63)),
		}
	}
	return generation, p, nil
}

// IsInUse reports whether a process writes to a journal, or reads it with a cursor in it.
func IsInUse(folder string) bool {
	names := []string{filepath.Join(folder, "lock")}
	for _, name := range cursorNames(Cursors(folder)) {
		names = append(names, filepath.Join(Cursors(folder), name))
	}
	for _, name := range names {
		file, err := ownership.Open(name, os.O_RDWR, 0)
		if err != nil {
			continue
		}
		used := isLocked(file)
		if file.Close(); used {
			return true
		}
	}
	return false
}

// isLocked tries to lock a file, and reports whether another has locked it. On a file
// system without locks none has.
func isLocked(file *os.File) bool {
	return errors.Is(unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB), unix.EWOULDBLOCK)
}
