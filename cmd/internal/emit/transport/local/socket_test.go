package local

import (
	"bufio"
	"context"
	"net"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"tlsfloor/cmd/internal/emit/transport"
	"tlsfloor/cmd/internal/testing/wait"
)

func listen(t *testing.T, path string) net.Listener {
	t.Helper()
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// accept takes one connection, or fails.
func accept(t *testing.T, l net.Listener) net.Conn {
	t.Helper()
	conn, err := l.Accept()
	if err != nil {
		t.Error(err)
		return nil
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// inBackground delivers b.
func inBackground(ctx context.Context, s *Socket, b *transport.Batch) chan error {
	done := make(chan error, 1)
	go func() { done <- s.Deliver(ctx, b) }()
	return done
}

func readLines(t *testing.T, r *bufio.Reader, b *transport.Batch) {
	t.Helper()
	for i := range b.Len() {
		line, err := r.ReadString('\n')
		if want := string(b.Lines(i, i+1)); line != want || err != nil {
			t.Fatalf("%q, want %q: %v", line, want, err)
		}
	}
}

func TestSocketKeepsItsConnection(t *testing.T) {
	path := filepath.Join(t.TempDir(), "socket")
	l := listen(t, path)
	s := &Socket{Path: path}
	defer s.Close()
	first := batchOf(0, 500)
	done := inBackground(context.Background(), s, first)
	conn := accept(t, l)
	lines := bufio.NewReader(conn)
	readLines(t, lines, first)
	if err := <-done; err != nil || first.Pending() != 0 {
		t.Fatal(err)
	}
	second := batchOf(500, 600)
	done = inBackground(context.Background(), s, second)
	readLines(t, lines, second)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

// What the reader has not read is pending, although it was written.
func TestSocketWaitsForTheReader(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("what waits in a send queue is not known here")
	}
	path := filepath.Join(t.TempDir(), "socket")
	l := listen(t, path)
	s := &Socket{Path: path}
	defer s.Close()
	b := batchOf(0, 10)
	done := inBackground(context.Background(), s, b)
	conn := accept(t, l)
	wait.UntilBlocked(t, "local.awaitRead") // it has found the queue full
	if len(done) > 0 {
		t.Fatal("delivered to nobody")
	}
	conn.Close()
	if err := <-done; err == nil || b.Pending() != 10 {
		t.Errorf("%v, %d lines left", err, b.Pending())
	}
	done = inBackground(context.Background(), s, b)
	readLines(t, bufio.NewReader(accept(t, l)), b)
	if err := <-done; err != nil || b.Pending() != 0 {
		t.Errorf("%v, %d lines left", err, b.Pending())
	}
}

// A reader that closes between two batches is noticed before the next one.
func TestSocketReaderThatCameBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "socket")
	l := listen(t, path)
	s := &Socket{Path: path}
	defer s.Close()
	for range 3 {
		b := batchOf(0, 10)
		done := inBackground(context.Background(), s, b)
		conn := accept(t, l)
		readLines(t, bufio.NewReader(conn), b)
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		conn.Close()
	}
}

func TestSocketWithoutAReader(t *testing.T) {
	s := &Socket{Path: filepath.Join(t.TempDir(), "none")}
	if err := s.Check(context.Background()); err == nil || transport.ClassOf(err) != transport.Passing {
		t.Error(err)
	}
	if err := s.Deliver(context.Background(), batchOf(0, 1)); err == nil {
		t.Error("delivered")
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// Deliver returns after ctx ends, even if the reader hangs.
func TestSocketEndsWithItsContext(t *testing.T) {
	path := filepath.Join(t.TempDir(), "socket")
	l := listen(t, path)
	s := &Socket{Path: path}
	defer s.Close()
	b := batchOf(0, 100_000) // more than the buffers of a socket hold
	ctx, cancel := context.WithCancel(context.Background())
	done := inBackground(ctx, s, b)
	accept(t, l)
	wait.UntilBlocked(t, "local.(*Socket).Deliver")
	cancel()
	select {
	case err := <-done:
		if err == nil || b.Pending() == 0 {
			t.Error("delivered")
		}
	case <-time.After(wait.Limit):
		t.Fatal("Deliver does not end")
	}
}
