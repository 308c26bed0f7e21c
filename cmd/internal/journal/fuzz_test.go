package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// FuzzChecked compares with appendLine: a line has an event only if it is what that
// makes of it.
func FuzzChecked(f *testing.F) {
	f.Add(appendLine(nil, []byte(eventOf(1, "")), 0))
	f.Add(appendLine(nil, []byte(`{"a":1}`), 9999999999999999))
	f.Add([]byte(`{"a":1,"index":0,"crc32c":"00000000"}`))
	f.Add([]byte(`{,"index":1,"crc32c":"1c1b2a7f"}`))
	f.Add([]byte(`,"crc32c":"00000000"}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		line = bytes.TrimSuffix(line, []byte("\n"))
		index, body, ok := checked(line)
		if !ok {
			return
		}
		event := append(bytes.Clone(line[:body]), '}')
		again := appendLine(nil, event, index)
		// The index may have zeros in front.
		if sameIndex := len(again) == len(line)+1; sameIndex && string(again) != string(line)+"\n" {
			t.Fatalf("%q is %q again", line, again)
		}
		if json.Valid(line) != json.Valid(event) && event[1] != '}' {
			t.Fatalf("%q has %q", line, event)
		}
	})
}

// FuzzReader reads and repairs a folder with any bytes in two segments, from any
// position: reading ends, in bounded memory, and a writer goes on.
func FuzzReader(f *testing.F) {
	var whole []byte
	for i := range 5 {
		whole = appendLine(whole, []byte(eventOf(i, "")), uint64(i))
	}
	second := appendLine(nil, []byte(eventOf(5, "")), 5)
	f.Add(whole, second, uint64(0), int64(0))
	f.Add(whole[:len(whole)-1], second, uint64(4), int64(len(whole)/5*4))
	f.Add(append(whole[:len(whole)-30], whole...), second[5:], uint64(2), int64(100))
	f.Add([]byte("\n\n\n{}\n"), []byte{}, uint64(7), int64(3))
	f.Add(second, whole, uint64(1<<63), int64(1<<62))
	f.Fuzz(func(t *testing.T, first, last []byte, event uint64, offset int64) {
		folder := t.TempDir()
		write(t, segmentPath(folder, 0), first)
		write(t, segmentPath(folder, 5), last)
		r := openReader(t, folder)
		readUntilEnd(t, r.Next, len(first)+len(last))
		if err := r.Seek(Position{event, event % 7, max(0, offset)}); err != nil {
			t.Fatal(err)
		}
		readUntilEnd(t, r.Next, len(first)+len(last))
		w, err := Create(Options{Folder: folder})
		if err != nil {
			return // its indices are at their end
		}
		next := w.Next()
		put(t, w, int(next), int(next)+3, "")
		r = openReader(t, folder)
		if lines := readUntilEnd(t, r.Next, len(first)+len(last)); lines < 3 || r.Position().Event != next+3 {
			t.Fatalf("%d lines of a journal that goes on, %+v", lines, r.Position())
		}
		closeWriter(t, w)
	})
}

// readUntilEnd checks that each event is one line, and that reading ends.
func readUntilEnd(t *testing.T, next func() ([]byte, Position, error), size int) (lines int) {
	t.Helper()
	for range 2*size + 100 {
		line, _, err := next()
		var loss *Loss
		switch {
		case errors.Is(err, io.EOF):
			return lines
		case errors.As(err, &loss):
			_ = loss.Error()
		case err != nil:
			t.Fatal(err)
		case bytes.IndexByte(line, '\n') >= 0 || len(line) < 2 || line[0] != '{' || line[len(line)-1] != '}':
			t.Fatalf("%q is no event", line)
		default:
			lines++
		}
	}
	t.Fatal("reading does not end")
	return 0
}

// FuzzFollower follows any file, which is cut and written again.
func FuzzFollower(f *testing.F) {
	event := eventOf(1, "") + "\n"
	f.Add([]byte(event+event), []byte(event), []byte{}, int64(len(event)))
	f.Add([]byte(event[:10]), []byte(event[10:]+event), []byte(event), int64(3))
	f.Add(appendLine(nil, []byte(`{"a":1}`), 3), []byte("\n{}\n"), []byte{0}, int64(-1))
	f.Fuzz(func(t *testing.T, before, after, rotated []byte, offset int64) {
		path := filepath.Join(t.TempDir(), "events")
		write(t, path, before)
		follower := follow(t, path)
		size := len(before) + len(after) + len(rotated)
		readUntilEnd(t, follower.Next, size)
		if len(rotated) > 0 {
			if err := os.Rename(path, path+".1"); err != nil {
				t.Fatal(err)
			}
			write(t, path, rotated)
		}
		write(t, path, after)
		readUntilEnd(t, follower.Next, size)
		if err := follower.Seek(Position{1, hashOf(before), max(0, offset)}); err != nil {
			t.Fatal(err)
		}
		readUntilEnd(t, follower.Next, size)
	})
}

// FuzzCursor opens a cursor of any bytes: what is set is read again, unless it is another
// file, which is longer.
func FuzzCursor(f *testing.F) {
	f.Add(make([]byte, 2*slotSize))
	f.Add([]byte("short"))
	f.Add(bytes.Repeat([]byte{0xff}, 3*slotSize))
	f.Fuzz(func(t *testing.T, slots []byte) {
		folder := t.TempDir()
		write(t, filepath.Join(folder, "c"), slots)
		for at := range uint64(3) {
			c, err := OpenCursor(folder, "c")
			if errors.Is(err, errNoCursor) && len(slots) > 2*slotSize {
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if at > 0 && c.Position().Event != at-1 {
				t.Fatalf("%+v, want %d", c.Position(), at-1)
			}
			if c.Position().Offset < 0 {
				t.Fatalf("%+v", c.Position())
			}
			if err := errors.Join(c.Set(Position{at, at, int64(at)}), c.Close()); err != nil {
				t.Fatal(err)
			}
		}
	})
}
