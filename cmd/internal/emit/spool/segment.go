package spool

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"tlsfloor/cmd/internal/emit/ownership"
)

// magic begins a segment.
const magic = "tlsfspl1"

// segment is a file of items. Those before its front are committed.
type segment struct {
	number uint64
	path   string
	file   *os.File
	end    int64 // after the last intact item
	front  int64
	left   int     // items from front on
	ends   []int64 // of the items that the last read returned, without the committed ones
}

func segmentPath(folder string, number uint64) string {
	return filepath.Join(folder, fmt.Sprintf("%016x.seg", number))
}

func segmentNumber(name string) (uint64, bool) {
	digits, ok := strings.CutSuffix(name, ".seg")
	if !ok || len(digits) != 16 {
		return 0, false
	}
	number, err := strconv.ParseUint(digits, 16, 64)
	return number, err == nil
}

func createSegment(folder string, number uint64) (*segment, error) {
	path := segmentPath(folder, number)
	file, err := ownership.Open(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	if _, err := file.WriteString(magic); err != nil {
		return nil, errors.Join(err, file.Close(), ownership.Remove(path))
	}
	return &segment{number: number, path: path, file: file, end: int64(len(magic)), front: int64(len(magic))}, nil
}

// openSegment opens a segment of an earlier run and counts its items from front on; 0:
// all. Bytes after the last intact item are damaged: the write was cut short, or the
// disk changed them.
func openSegment(folder string, number uint64, front int64) (s *segment, damaged int64, err error) {
	path := segmentPath(folder, number)
	file, err := ownership.Open(path, os.O_RDONLY, 0)
	if err != nil {
		return nil, 0, err
	}
	info, err := file.Stat()
	if err != nil {
		return nil, 0, errors.Join(err, file.Close())
	}
	s = &segment{number: number, path: path, file: file}
	if err := s.scan(info.Size(), front); err != nil {
		return nil, 0, errors.Join(err, file.Close())
	}
	return s, info.Size() - s.end, nil
}

func (s *segment) scan(size, front int64) error {
	var head [len(magic)]byte
	if _, err := s.file.ReadAt(head[:], 0); err != nil && err != io.EOF {
		return err
	}
	if string(head[:]) != magic {
		return nil // nothing in it is intact
	}
	s.front = max(front, int64(len(magic)))
	s.end = s.front
	if s.front > size {
		s.front, s.end = size, size
		return nil
	}
	r := reader{file: s.file, at: s.front, end: size}
	for {
		_, err := r.next()
		if errors.Is(err, io.EOF) || errors.Is(err, errDamaged) {
			s.end = r.at
			return nil
		}
		if err != nil {
			return err
		}
		s.left++
	}
}

// size is the segment's part of the spool's size, in bytes.
func (s *segment) size() int64 { return s.end }

// read returns the items from front on that fit into max bytes, but at least one. It
// remembers where each ends.
func (s *segment) read(max int) (items [][]byte, err error) {
	r := reader{file: s.file, at: s.front, end: s.end, ahead: max}
	s.ends = s.ends[:0]
	for size := 0; ; {
		item, err := r.next()
		if size += len(item); err != nil || size > max && len(items) > 0 {
			return items, err
		}
		items, s.ends = append(items, item), append(s.ends, r.at)
	}
}

// advance moves front by n items.
func (s *segment) advance(n int) error {
	if n <= len(s.ends) {
		s.front, s.ends = s.ends[n-1], s.ends[n:]
		s.left -= n
		return nil
	}
	r := reader{file: s.file, at: s.front, end: s.end}
	for range n {
		if _, err := r.next(); err != nil {
			return err
		}
	}
	s.front, s.ends = r.at, nil
	s.left -= n
	return nil
}

// remove deletes the file.
func (s *segment) remove() error {
	err := ownership.Remove(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return errors.Join(s.file.Close(), err)
}

// readAhead is how much of a segment is read at once, in bytes.
const readAhead = 256 << 10

var errDamaged = errors.New("the spool is damaged")

// reader reads the items of a file.
type reader struct {
	file    io.ReaderAt
	at, end int64  // of the next item, and of the file
	ahead   int    // how much to read at once, in bytes; 0: readAhead
	buffer  []byte // what was read from at on
}

// next returns the next item, io.EOF at the end, or errDamaged. The bytes stay valid.
func (r *reader) next() ([]byte, error) {
	if r.at >= r.end {
		return nil, io.EOF
	}
	for {
		item, size, ok := readItem(r.buffer)
		switch {
		case ok:
			r.buffer = r.buffer[size:]
			r.at += int64(size)
			return item, nil
		case size == 0 || int64(size) > r.end-r.at:
			return nil, errDamaged
		}
		if err := r.fill(size); err != nil {
			return nil, err
		}
	}
}

// fill reads at least n bytes. The file has that many.
func (r *reader) fill(n int) error {
	ahead := int64(readAhead)
	if r.ahead > 0 {
		ahead = min(ahead, int64(r.ahead)+itemHeader)
	}
	n = max(n, int(min(ahead, r.end-r.at)))
	r.buffer = make([]byte, n)
	_, err := r.file.ReadAt(r.buffer, r.at)
	if errors.Is(err, io.EOF) { // the file was cut meanwhile
		return errDamaged
	}
	return err
}

// itemHeader is what stands before an item's bytes, in bytes: their length and CRC-32C,
// both 32 bits, big-endian.
const itemHeader = 8

// maxItem bounds an item, in bytes. A greater length means damage.
const maxItem = 16 << 20

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// AppendItem appends an item with its header. Its bytes are given in parts.
func AppendItem(dst []byte, parts ...[]byte) []byte {
	start := len(dst)
	dst = append(dst, make([]byte, itemHeader)...)
	for _, part := range parts {
		dst = append(dst, part...)
	}
	item := dst[start+itemHeader:]
	binary.BigEndian.PutUint32(dst[start:], uint32(len(item)))
	binary.BigEndian.PutUint32(dst[start+4:], checksum(item))
	return dst
}

// checksum covers the length, too: otherwise zeros would be a valid empty item.
func checksum(item []byte) uint32 {
	var length [4]byte
	binary.BigEndian.PutUint32(length[:], uint32(len(item)))
	return crc32.Update(crc32.Checksum(length[:], castagnoli), castagnoli, item)
}

// readItem reads the item at the front of text, and returns a view of its bytes and its
// size with the header. If text is too short for it, ok is false and size is what it
// needs; size 0 means that it is damaged.
func readItem(text []byte) (item []byte, size int, ok bool) {
	if len(text) < itemHeader {
		return nil, itemHeader, false
	}
	n := int64(binary.BigEndian.Uint32(text))
	if n > maxItem {
		return nil, 0, false
	}
	size = itemHeader + int(n)
	if len(text) < size {
		return nil, size, false
	}
	item = text[itemHeader:size]
	if binary.BigEndian.Uint32(text[4:]) != checksum(item) {
		return nil, 0, false
	}
	return item, size, true
}
