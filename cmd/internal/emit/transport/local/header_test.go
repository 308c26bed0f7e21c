package local

import (
	"bufio"
	"context"
	"io"
	"path/filepath"
	"syscall"
	"testing"
)

const header = "a,b\r\n"

// The header is written once, before the first line or at the end, wherever a write is cut.
func TestOutputBeginsWithItsHeader(t *testing.T) {
	for room := 1; room < 60; room++ {
		w := &full{room: room, reason: syscall.ENOSPC}
		o := &Stdout{Writer: w, Header: []byte(header)}
		b := batchOf(0, 5)
		for tries := 0; b.Pending() > 0 && tries < 1000; tries++ {
			_ = o.Deliver(context.Background(), b)
		}
		if err := o.Close(); err != nil {
			t.Fatal(err)
		}
		if want := header + string(b.Lines(0, 5)); w.text.String() != want {
			t.Fatalf("%d bytes at a time: %q", room, w.text.String())
		}
	}
	w := &full{room: 100}
	o := &Stdout{Writer: w, Header: []byte(header)}
	if err := o.Close(); err != nil || w.text.String() != header {
		t.Errorf("without lines: %q, %v", w.text.String(), err)
	}
}

// After an error that is final, nothing more is written.
func TestOutputGivesUpItsHeader(t *testing.T) {
	w := &full{reason: syscall.EPIPE}
	o := &Stdout{Writer: w, Header: []byte(header)}
	if err := o.Deliver(context.Background(), batchOf(0, 1)); err == nil {
		t.Error("delivered")
	}
	if err := o.Close(); err != nil {
		t.Error(err)
	}
}

// Each connection to a socket begins with the header.
func TestSocketBeginsWithItsHeader(t *testing.T) {
	path := filepath.Join(t.TempDir(), "socket")
	l := listen(t, path)
	s := &Socket{Path: path, Header: []byte(header)}
	defer s.Close()
	for range 2 {
		first, second := batchOf(0, 3), batchOf(3, 6)
		done := inBackground(context.Background(), s, first)
		conn := accept(t, l)
		r := bufio.NewReader(conn)
		begin := make([]byte, len(header))
		if _, err := io.ReadFull(r, begin); err != nil || string(begin) != header {
			t.Fatalf("%q, %v", begin, err)
		}
		readLines(t, r, first)
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		done = inBackground(context.Background(), s, second)
		readLines(t, r, second)
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		conn.Close()
	}
}
