package main

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"tlsfloor": main})
}

// TestScript runs testdata/*.txtar: the command line as a user meets it.
// $CAPTURES is the folder of recorded captures.
func TestScript(t *testing.T) {
	folder, err := filepath.Abs(captures)
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		UpdateScripts:       *update,
		Setup: func(e *testscript.Env) error {
			e.Setenv("CAPTURES", folder)
			return nil
		},
		Condition: condition,
		Cmds:      map[string]func(*testscript.TestScript, bool, []string){"unhex": unhex, "cut": cut},
	})
}

// unhex FROM TO writes the bytes that FROM spells.
func unhex(ts *testscript.TestScript, _ bool, args []string) {
	text := strings.Join(strings.Fields(ts.ReadFile(args[0])), "")
	b, err := hex.DecodeString(text)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), b, 0o644))
}

// cut FROM N TO writes FROM without its last N bytes.
func cut(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	b, err := os.ReadFile(args[0])
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), b[:len(b)-n], 0o644))
}

// condition knows [root], beside the conditions of testscript itself.
func condition(name string) (bool, error) {
	if name == "root" {
		return os.Geteuid() == 0, nil
	}
	return false, nil
}
