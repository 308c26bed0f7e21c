package confine

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// mostExposed is what systemd may make of the unit, of 100. Above all, the unit
// may capture and has the host's network.
const mostExposed = "20"

func TestUnitIsSound(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("systemd-analyze is not installed")
	}
	text, err := os.ReadFile(filepath.Join(root, "packaging/systemd/tlsfloor.service"))
	if err != nil {
		t.Fatal(err)
	}
	// tlsfloor is not installed where the tests run.
	unit := filepath.Join(t.TempDir(), "tlsfloor.service")
	if err := os.WriteFile(unit, []byte(strings.ReplaceAll(string(text), "=/usr/bin/tlsfloor ", "=/bin/true ")), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(analyze, "verify", unit).CombinedOutput(); err != nil || strings.Contains(string(out), unit) {
		t.Errorf("verify: %v\n%s", err, out)
	}
	if out, err := exec.Command(analyze, "security", "--offline=yes", "--threshold="+mostExposed, unit).CombinedOutput(); err != nil {
		t.Errorf("security: %v\n%s", err, out)
	}
}
