package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// nobody is the user that tlsfloor changes to here.
const nobody = 65534

// patience bounds every wait of these tests.
const patience = 30 * time.Second

// TestReliability runs the program through faults of long runs, and prints the figures of
// docs/reliability.md. Packets go through pairs of interfaces in network namespaces of the
// test, which end with it.
func TestReliability(t *testing.T) {
	binary := buildForNetworks(t)
	for _, tt := range []struct {
		name string
		test func(*testing.T, string)
	}{
		{"flood", testFlood},
		{"full disk", testFullDisk},
		{"pipe that nobody reads", testBlockedPipe},
		{"socket that does not accept", testBlockedSocket},
		{"kill -9", testKilled},
		{"kill -9 while the output is away", testKilledWhileAway},
		{"interface down and up", testInterface},
		{"clock jumps", testClock},
		{"reload under load", testReload},
		{"privileges of root", testRootPrivileges},
		{"files of root", testOwner},
		{"rotation after root", testHeir},
		{"file capability", testFileCapability},
		{"no permission", testNoPermission},
		{"signals that come twice", testSignalTwice},
		{"signal right behind the packets", testStopped},
	} {
		t.Run(tt.name, func(t *testing.T) { tt.test(t, binary) })
	}
}

// buildForNetworks builds the program for a test that makes networks, or skips that.
func buildForNetworks(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("make quick leaves out what takes root")
	}
	if os.Geteuid() != 0 {
		t.Skip("only root may make network namespaces")
	}
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skipf("no ip command to make interfaces with: %v", err)
	}
	return build(t)
}

// build builds the program as a user does. The test's own binary may have the race detector,
// which changes the memory.
func build(t *testing.T) string {
	t.Helper()
	path := filepath.Join(room(t), "tlsfloor")
	if out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v: %s", err, out)
	}
	return path
}

// room makes a folder for the user nobody: t.TempDir is in one that only root may enter.
func room(t *testing.T) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "tlsfloor-reliability-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	must(t, os.Chmod(folder, 0o755))
	must(t, os.Chown(folder, nobody, nobody))
	return folder
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// load returns n, or less if time is short or the sender slow.
func load(n int) int {
	if testing.Short() || raceDetector {
		return n / 5
	}
	return n
}

// eventually waits until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for begin := time.Now(); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Since(begin) > patience {
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}
