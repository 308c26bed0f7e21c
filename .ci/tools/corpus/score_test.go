package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFigures(t *testing.T) {
	values, err := figures([]byte(`{"recall":0.5,"precision":1,"fields":{"sni":{"match":3,"ratio":0.75},"ja4":{"ratio":null}}}`))
	if err != nil {
		t.Fatal(err)
	}
	if values["recall"] != 0.5 || values["precision"] != 1 || values["sni"] != 0.75 {
		t.Errorf("figures = %v", values)
	}
	if _, ok := values["ja4"]; ok {
		t.Error("a field without a ratio has a figure")
	}
}

// A fake tlsfloor stands for each way a run may end.
func TestReplay(t *testing.T) {
	tests := []struct{ name, script, want string }{
		{"runs", "exit 0", ""},
		{"cannot read the capture", "exit 1", ""},
		{"panics", "echo 'panic: boom' >&2; exit 2", "panic: boom"},
		{"is killed", "kill -SEGV $$", "segmentation fault"},
		{"spins", "(ulimit -t 2; while :; do :; done); exit 0", "of CPU"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			folder := t.TempDir()
			program := filepath.Join(folder, "tlsfloor")
			if err := os.WriteFile(program, []byte("#!/bin/sh\n"+test.script+"\n"), 0o700); err != nil {
				t.Fatal(err)
			}
			_, err := replay(program, "capture", filepath.Join(folder, "out"))
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("replay: %v, want %q", err, test.want)
			}
		})
	}
}
