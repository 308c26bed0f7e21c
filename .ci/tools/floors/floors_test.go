package floors_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tlsfloor/tools/floors"
)

func TestFloors(t *testing.T) {
	name := filepath.Join(t.TempDir(), "floors")
	text := "# score figure floor\nplain recall 0.9\nplain fields 0.8 # most\nplain ja4 0\n"
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	limits, err := floors.Read(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := limits.Compare("plain", map[string]float64{"recall": 0.9, "sni": 0.8, "ja4": 0}); err != nil {
		t.Errorf("values at their floors: %v", err)
	}
	err = limits.Compare("plain", map[string]float64{"recall": 0.89, "sni": 0.79, "ja4": 0})
	if err == nil || !strings.Contains(err.Error(), "recall is 0.8900") || !strings.Contains(err.Error(), "sni is 0.7900") {
		t.Errorf("values below their floors: %v", err)
	}
	if err := limits.Compare("all", map[string]float64{"recall": 1}); err == nil {
		t.Error("a score without floors passed")
	}
}
