package journal

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What is longer than a cursor is another file, which is left as it is.
func TestOtherFileIsNoCursor(t *testing.T) {
	folder := t.TempDir()
	text := strings.Repeat("root:x:0:0::/root:/bin/sh\n", 4)
	other := filepath.Join(folder, "passwd")
	if err := os.WriteFile(other, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, link := range map[string]func(string, string) error{"hard": os.Link, "symbolic": os.Symlink} {
		if err := link(other, filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
		if c, err := OpenCursor(folder, name); err == nil {
			c.Close()
			t.Errorf("%s link: a cursor", name)
		}
		if got, err := os.ReadFile(other); err != nil || string(got) != text {
			t.Errorf("%s link: %q, %v", name, got, err)
		}
	}
}
