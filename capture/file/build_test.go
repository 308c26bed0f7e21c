package file

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"tlsfloor/capture"
)

func check(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

func writeTemp(tb testing.TB, name string, content []byte) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), name)
	check(tb, os.WriteFile(path, content, 0o600))
	return path
}

func mustOpen(tb testing.TB, o Options, paths ...string) *Source {
	tb.Helper()
	s, err := Open(paths, o)
	check(tb, err)
	return s
}

// readBytes reads content as standard input.
func readBytes(tb testing.TB, content []byte) ([]capture.Frame, error) {
	tb.Helper()
	return readReader(tb, bytes.NewReader(content))
}

func readReader(tb testing.TB, r io.Reader) ([]capture.Frame, error) {
	tb.Helper()
	s := mustOpen(tb, Options{Stdin: r}, "-")
	defer s.Close()
	frames, errs := drain(tb, s)
	return frames, errors.Join(errs...)
}

// readAll returns copies of every frame of the inputs, and their errors.
func readAll(tb testing.TB, names ...string) ([]capture.Frame, error) {
	tb.Helper()
	s := mustOpen(tb, Options{}, names...)
	defer s.Close()
	frames, errs := drain(tb, s)
	return frames, errors.Join(errs...)
}

// drain reads a source to its end.
func drain(tb testing.TB, s capture.Source) (frames []capture.Frame, errs []error) {
	tb.Helper()
	for {
		f, err := nextCopy(s)
		var input *capture.InputError
		switch {
		case err == nil:
			frames = append(frames, f)
		case err == io.EOF:
			return frames, errs
		case errors.As(err, &input):
			errs = append(errs, err)
		default:
			tb.Fatalf("after %d frames: %v", len(frames), err)
		}
	}
}

// nextCopy returns a frame that outlives the next call.
func nextCopy(s capture.Source) (capture.Frame, error) {
	var f capture.Frame
	err := s.Next(&f)
	f.Data = bytes.Clone(f.Data)
	return f, err
}
