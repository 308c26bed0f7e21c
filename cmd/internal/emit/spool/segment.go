package spool

import (
	"errors"
	"fmt"
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

// segment is a file of frames. Records before its front are committed.
type segment struct {
	number uint64
	path   string
	file   *os.File
	end    int64 // behind the last sound frame
	front  int64
	left   int     // records from front on
	ends   []int64 // of the records that were read last and are not committed
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

// openSegment opens a segment of an earlier run and counts its records from
// front on; 0: all. Bytes behind the last sound frame are damaged: the write
// was cut short, or the disk changed them.
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
		return nil // nothing in it is sound
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

// size is what the segment takes of the spool's size, in bytes.
func (s *segment) size() int64 { return s.end }

// read returns the records from front on that fit into max bytes together, and
// at least one; none with an error. It remembers where each ends.
func (s *segment) read(max int) (records [][]byte, err error) {
	r := reader{file: s.file, at: s.front, end: s.end, ahead: max}
	s.ends = s.ends[:0]
	for size := 0; ; {
		record, err := r.next()
		if size += len(record); err != nil || size > max && len(records) > 0 {
			return records, err
		}
		records, s.ends = append(records, record), append(s.ends, r.at)
	}
}

// advance moves front behind n records.
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

// remove deletes the segment.
func (s *segment) remove() error {
	err := ownership.Remove(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return errors.Join(s.file.Close(), err)
}
