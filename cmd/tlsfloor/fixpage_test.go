package main

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestFixPage runs the commands of docs/fix.md that are shown with their output.
func TestFixPage(t *testing.T) {
	for _, needed := range []string{"sh", "jq"} {
		if _, err := exec.LookPath(needed); err != nil {
			t.Skipf("no %s to run the page's commands with", needed)
		}
	}
	page := readPages(t)[filepath.Join(repository, "docs", "fix.md")]
	ran := 0
	for _, block := range regexp.MustCompile("(?s)```console\n(.*?)```").FindAllStringSubmatch(page, -1) {
		for _, part := range strings.Split("\n"+block[1], "\n$ ")[1:] {
			command, want, _ := strings.Cut(part, "\n")
			cmd := exec.Command("sh", "-c", command)
			cmd.Dir = repository
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Errorf("%s: %v: %s", command, err, out)
			}
			if missing := firstMissing(string(out), want); missing != "" {
				t.Errorf("%s: %q is not in\n%s", command, missing, out)
			}
			ran++
		}
	}
	if ran < 5 {
		t.Errorf("%d commands: the page is not read as it is meant", ran)
	}
}

// firstMissing returns the first line of an excerpt that is not in the output. Where the
// excerpt has "...", the output may have any lines; elsewhere it may not.
func firstMissing(output, excerpt string) string {
	rest, gap := strings.Split(strings.TrimRight(output, "\n"), "\n"), false
	for line := range strings.Lines(excerpt) {
		line = strings.TrimRight(line, "\n")
		if line == "..." {
			gap = true
			continue
		}
		for gap && len(rest) > 0 && rest[0] != line {
			rest = rest[1:]
		}
		if len(rest) == 0 || rest[0] != line {
			return line
		}
		rest, gap = rest[1:], false
	}
	return ""
}

func TestFirstMissing(t *testing.T) {
	for excerpt, want := range map[string]string{
		"a\nb\n": "", "a\n...\nd\n": "", "...\nc\n": "", "": "",
		"b\n": "b", "a\nc\n": "c", "...\ne\n": "e", "a\nb\nc\nd\ne\n": "e", "a\n...\nc\nb\n": "b",
	} {
		if got := firstMissing("a\nb\nc\nd\n", excerpt); got != want {
			t.Errorf("%q: %q", excerpt, got)
		}
	}
}
