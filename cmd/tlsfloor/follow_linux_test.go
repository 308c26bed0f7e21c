package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestFollowConfined: --follow reads on, confined, when the file is rotated, appears later,
// or lies in a folder that only root may read; as root and as another user.
func TestFollowConfined(t *testing.T) {
	if testing.Short() {
		t.Skip("make quick leaves out what waits in real time")
	}
	binary := build(t)
	first := readCapture(t, "openssl-tls10-sni.pcap")
	second := readCapture(t, "java-tls10-sni.pcap")
	for _, tt := range []struct {
		name   string
		change func(t *testing.T, path string, mode os.FileMode)
	}{
		{"renamed", func(t *testing.T, path string, mode os.FileMode) {
			must(t, os.Rename(path, path+".1"))
			writeAs(t, path, second, mode)
		}},
		{"cut short", func(t *testing.T, path string, mode os.FileMode) {
			must(t, os.Truncate(path, 0))
			time.Sleep(3 * time.Second / 2)
			writeAs(t, path, second, mode)
		}},
		{"absent", func(t *testing.T, path string, mode os.FileMode) {
			must(t, os.Remove(path))
			time.Sleep(3 * time.Second / 2)
			writeAs(t, path, second, mode)
		}},
		{"folder", func(t *testing.T, path string, mode os.FileMode) {
			writeAs(t, path+".later", second, mode)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if os.Geteuid() == 0 {
				t.Run("root", func(t *testing.T) { followConfined(t, exec.Command(binary), tt.name, first, tt.change) })
				t.Run("user", func(t *testing.T) { followConfined(t, plain(binary), tt.name, first, tt.change) })
			} else {
				followConfined(t, exec.Command(binary), tt.name, first, tt.change)
			}
		})
	}
}

func followConfined(t *testing.T, cmd *exec.Cmd, kind string, first []byte, change func(*testing.T, string, os.FileMode)) {
	t.Parallel()
	folder, mode := room(t), os.FileMode(0o644)
	watched := filepath.Join(folder, "watched")
	must(t, os.Mkdir(watched, 0o755))
	path := filepath.Join(watched, "capture")
	if cmd.SysProcAttr == nil && os.Geteuid() == 0 {
		mode = 0o600
		must(t, os.Chmod(watched, 0o700))
	}
	named := path
	if kind == "folder" {
		named = watched
	}
	if kind != "absent" {
		writeAs(t, path, first, mode)
	}
	out, err := os.Create(filepath.Join(folder, "out"))
	must(t, err)
	defer out.Close()
	messages, err := os.Create(filepath.Join(folder, "messages"))
	must(t, err)
	defer messages.Close()
	cmd.Args = append(cmd.Args, "--follow", "--require-sandbox", "-r", named)
	cmd.Stdout, cmd.Stderr = out, messages
	must(t, cmd.Start())
	said := func() string { return string(read(t, messages.Name())) }
	defer cmd.Process.Kill()
	if kind == "absent" {
		eventually(t, "it waits for the file", func() bool { return strings.Contains(said(), "no such file yet") })
		writeAs(t, path, first, mode)
	}
	awaitLines(t, out.Name(), 1, said)
	change(t, path, mode)
	awaitLines(t, out.Name(), 2, said)
	must(t, cmd.Process.Signal(syscall.SIGTERM))
	if err := cmd.Wait(); err != nil || strings.Contains(said(), "denied") {
		t.Errorf("%v: %s", err, said())
	}
}

// awaitLines waits for that many flagged events.
func awaitLines(t *testing.T, name string, n int, said func() string) {
	t.Helper()
	for begin := time.Now(); strings.Count(string(read(t, name)), `"flagged":true`) < n; time.Sleep(50 * time.Millisecond) {
		if strings.Contains(said(), "the sandbox is not whole") {
			t.Skipf("this kernel cannot: %s", said())
		}
		if time.Since(begin) > patience {
			t.Fatalf("%d events do not come: %s", n, said())
		}
	}
}

func readCapture(t *testing.T, name string) []byte { return read(t, filepath.Join(captures, name)) }

func writeAs(t *testing.T, path string, content []byte, mode os.FileMode) {
	t.Helper()
	must(t, os.WriteFile(path, content, mode))
}
