package confine

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// mostExposed bounds systemd's score of the units, of 100: the sensor may capture, and with
// process.conf it may inspect processes; the shipper has the host's network.
const (
	mostExposed            = "17"
	mostExposedToDeliver   = "17"
	mostExposedWithProcess = "35"
)

func TestUnitIsSound(t *testing.T) {
	unit := copyUnit(t, "tlsfloor.service")
	analyze(t, "verify", unit)
	analyze(t, "security", "--offline=yes", "--threshold="+mostExposed, unit)
}

func TestUnitThatDeliversIsSound(t *testing.T) {
	unit := copyUnit(t, "tlsfloor-shipper.service")
	analyze(t, "verify", unit)
	analyze(t, "security", "--offline=yes", "--threshold="+mostExposedToDeliver, unit)
}

func TestUnitThatFindsProcessesIsSound(t *testing.T) {
	unit := copyUnit(t, "tlsfloor.service")
	copyConfig(t, "tlsfloor.service.d/process.conf", filepath.Join(unit+".d", "process.conf"), "", "")
	analyze(t, "verify", unit)
	analyze(t, "security", "--offline=yes", "--threshold="+mostExposedWithProcess, unit)
}

// copyUnit returns the unit with another program, because tlsfloor is not installed.
func copyUnit(t *testing.T, name string) string {
	t.Helper()
	unit := filepath.Join(t.TempDir(), name)
	copyConfig(t, name, unit, "=/usr/bin/tlsfloor ", "=/bin/true ")
	return unit
}

func copyConfig(t *testing.T, name, to, from, with string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "packaging/systemd", name))
	if err == nil {
		err = os.MkdirAll(filepath.Dir(to), 0o755)
	}
	if err == nil {
		err = os.WriteFile(to, []byte(strings.Replace(string(text), from, with, 1)), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func analyze(t *testing.T, args ...string) {
	t.Helper()
	program, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("systemd-analyze is not installed")
	}
	unit := args[len(args)-1]
	if out, err := exec.Command(program, args...).CombinedOutput(); err != nil || args[0] == "verify" && strings.Contains(string(out), filepath.Dir(unit)) {
		t.Errorf("%s: %v\n%s", args[0], err, out)
	}
}
