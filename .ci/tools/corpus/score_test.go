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

func TestFloors(t *testing.T) {
	name := filepath.Join(t.TempDir(), "floors")
	text := "# score figure floor\nplain recall 0.9\nplain fields 0.8 # most\nplain ja4 0\n"
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	limits, err := readFloors(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := limits.compare("plain", map[string]float64{"recall": 0.9, "sni": 0.8, "ja4": 0}); err != nil {
		t.Errorf("values at their floors: %v", err)
	}
	err = limits.compare("plain", map[string]float64{"recall": 0.89, "sni": 0.79, "ja4": 0})
	if err == nil || !strings.Contains(err.Error(), "recall is 0.8900") || !strings.Contains(err.Error(), "sni is 0.7900") {
		t.Errorf("values below their floors: %v", err)
	}
	if err := limits.compare("all", map[string]float64{"recall": 1}); err == nil {
		t.Error("a score without floors passed")
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
