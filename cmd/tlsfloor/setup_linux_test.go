package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// standInGo is a go command of another version, which may fetch the one that go.mod names.
const standInGo = `#!/bin/sh
case "$1 $2" in
"version ") echo "go version $STANDIN_VERSION linux/amd64" ;;
"env GOTOOLCHAIN") echo "$STANDIN_TOOLCHAIN" ;;
"env CC") echo cc ;;
"-C "*) [ "$3" = version ] && echo "go: download of it: $STANDIN_FETCH" && [ "$STANDIN_FETCH" = done ] ;;
*) exit 2 ;;
esac
`

// TestSetupOfOldGo runs .ci/setup with a Go of another version. An old one gets one line.
func TestSetupOfOldGo(t *testing.T) {
	needed := goNeeded(t)
	for _, c := range []struct {
		version, toolchain, fetch string
		says                      []string // nil: it is new enough
	}{
		{"go1.19.8", "", "", []string{"Go 1.19.8 is too old, tlsfloor needs " + needed + " or newer; "}},
		{"go1.9", "", "", []string{"Go 1.9 is too old, tlsfloor needs " + needed + " or newer; "}},
		{"go1.23.12", "local", "", []string{"Go 1.23.12 is too old, tlsfloor needs " + needed + " or newer; GOTOOLCHAIN=auto lets it fetch that, or "}},
		{"go1.21.0", "go1.22.1+auto", "done", []string{"Go 1.21.0 fetches Go " + needed}},
		{"go1.23.12", "auto", "failed", []string{"Go 1.23.12 fetches Go " + needed, "go: download of it: failed", "Go 1.23.12 is too old, and could not fetch Go " + needed + " (see above); "}},
		{"go1.24rc2", "local", "", nil},
		{"go1.27.3 X:nocoverageredesign", "local", "", nil},
		{"go1.27-devel_0123456789", "local", "", nil},
		{"devel go1.27-0123456789", "local", "", nil},
	} {
		folder := t.TempDir()
		must(t, os.WriteFile(filepath.Join(folder, "go"), []byte(standInGo), 0o755))
		status, said := runTool(t, []string{
			"PATH=" + folder + ":/usr/bin:/bin", "STANDIN_VERSION=" + c.version, "STANDIN_TOOLCHAIN=" + c.toolchain, "STANDIN_FETCH=" + c.fetch,
		}, "setup", "build")
		if works := c.says == nil || c.fetch == "done"; works != (status == 0) {
			t.Errorf("%s: status %d: %s", c.version, status, said)
		}
		lines := strings.FieldsFunc(said, func(r rune) bool { return r == '\n' })
		if len(lines) != len(c.says) {
			t.Errorf("%s: want %d lines: %s", c.version, len(c.says), said)
			continue
		}
		for i, line := range lines {
			if !strings.HasPrefix(strings.TrimPrefix(line, "setup: "), c.says[i]) {
				t.Errorf("%s: %q, want %q", c.version, line, c.says[i])
			}
		}
	}
}

// TestSetupWithoutGo: the line also says which version.
func TestSetupWithoutGo(t *testing.T) {
	status, said := runTool(t, []string{"PATH=/usr/bin:/bin", "GO=" + filepath.Join(t.TempDir(), "go")}, "setup", "build")
	if want := "setup: finds no Go, and tlsfloor needs Go " + goNeeded(t) + " or newer; "; status != 1 || !strings.HasPrefix(said, want) || strings.Count(said, "\n") != 1 {
		t.Errorf("status %d: %s", status, said)
	}
}

func TestProgress(t *testing.T) {
	// What prints the title again must not keep a reader of the output waiting.
	const again = "PROGRESS_SECONDS=60"
	begin := time.Now()
	for _, c := range []struct {
		args   []string
		status int
		said   string
	}{
		{[]string{"the title", "echo", "text"}, 0, "the title\ntext\n"},
		{[]string{"-q", "the title", "sh", "-c", "echo out; echo err >&2"}, 0, "the title\n"},
		{[]string{"-q", "the title", "sh", "-c", "echo out; echo err >&2; exit 7"}, 7, "the title\nout\nerr\n"},
		{[]string{"-q", "the title", "/nonexistent/command"}, 127, ""},
	} {
		status, said := runTool(t, []string{again}, "progress", c.args...)
		if status != c.status || c.said != "" && said != c.said || !strings.HasPrefix(said, "the title\n") {
			t.Errorf("%q: status %d: %q", c.args, status, said)
		}
	}
	if took := time.Since(begin); took > 50*time.Second {
		t.Errorf("%v", took)
	}
	_, said := runTool(t, []string{"PROGRESS_SECONDS=1"}, "progress", "the title", "sleep", "3.5")
	if !regexp.MustCompile(`^the title\n(the title: [0-9]+ s so far\n)+the title: done after [0-9]+ s\n$`).MatchString(said) {
		t.Errorf("of a long command: %q", said)
	}
}

// goNeeded is the version of Go in go.mod.
func goNeeded(t *testing.T) string {
	t.Helper()
	m := regexp.MustCompile(`(?m)^go (1\.\d+\.\d+)$`).FindSubmatch(read(t, filepath.Join(repository, "go.mod")))
	if m == nil {
		t.Fatal("go.mod names no version")
	}
	return string(m[1])
}

// runTool runs a script of .ci, and returns its exit status and output.
func runTool(t *testing.T, env []string, name string, args ...string) (int, string) {
	t.Helper()
	cmd := exec.Command(filepath.Join(repository, ".ci", name), args...)
	cmd.Env = append(append(os.Environ(), "GO="), env...)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}
