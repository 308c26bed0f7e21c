package regular

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"tlsfloor/cmd/internal/testing/wait"
)

func TestRead(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "file")
	if err := os.WriteFile(file, []byte("12345"), 0o600); err != nil {
		t.Fatal(err)
	}
	pipe := filepath.Join(folder, "pipe")
	if err := unix.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(folder, "link")
	if err := os.Symlink(pipe, link); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		path string
		most int64
		want string // of the error; empty: none
	}{
		{file, 5, ""},
		{file, 4, "longer than 4 bytes"},
		{pipe, 100, "is a named pipe, and no regular file"},
		{link, 100, "is a named pipe, and no regular file"},
		{folder, 100, "is a folder, and no regular file"},
		{"/dev/zero", 100, "is a device, and no regular file"},
		{"/dev/null", 100, "is a device, and no regular file"},
		{filepath.Join(folder, "none"), 100, "no such file"},
	} {
		done := make(chan error, 1)
		go func() {
			text, err := Read(tt.path, tt.most)
			if err == nil && string(text) != "12345" {
				t.Errorf("%s: %q", tt.path, text)
			}
			done <- err
		}()
		select {
		case err := <-done:
			if (err == nil) != (tt.want == "") || err != nil && (!strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), tt.path)) {
				t.Errorf("%s: %v, want %q", tt.path, err, tt.want)
			}
		case <-time.After(wait.Limit):
			t.Fatalf("%s holds whoever reads it", tt.path)
		}
	}
}

func TestReadDescriptor(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := w.WriteString("12345"); err != nil {
		t.Fatal(err)
	}
	w.Close()
	path := fmt.Sprintf("/dev/fd/%d", r.Fd())
	if text, err := Read(path, 100); err != nil || string(text) != "12345" {
		t.Errorf("%q, %v", text, err)
	}
	if IsDescriptor("/dev/stdin.txt") || !IsDescriptor("/dev/stdin") {
		t.Error("descriptors are not told from files")
	}
}
