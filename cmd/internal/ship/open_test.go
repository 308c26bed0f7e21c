package ship

import (
	"strings"
	"testing"

	"tlsfloor/cmd/internal/journal"
	"tlsfloor/cmd/internal/testing/standin"
)

// What does not pass by itself is an error at the start, which shows no secret. A server that
// cannot be reached is none.
func TestWrongAtTheStart(t *testing.T) {
	splunk := &standin.Splunk{T: t, Token: "right"}
	authority, other := standin.NewAuthority(t), standin.NewAuthority(t)
	server := standin.Start(t, authority.Server(t), splunk)
	w := newWriter(t, journal.Options{})
	t.Setenv("TLSFLOOR_WRONG", "hunter2")
	t.Setenv("TLSFLOOR_RIGHT", "right")
	var told said
	open := func(specs ...string) error {
		for i := range specs {
			specs[i] = "splunk+https://" + server.Address + specs[i]
		}
		s, err := Open(Options{Inputs: []string{w.folder}, Outputs: outputs(t, specs...), Note: told.note})
		if err == nil {
			s.Start()
			s.Stop(1)
			return end(t, s)
		}
		return err
	}
	for want, spec := range map[string]string{
		"403 Forbidden": "?token-env=TLSFLOOR_WRONG&ca=" + authority.File,
		"404 Not Found": "/nowhere?token-env=TLSFLOOR_RIGHT&ca=" + authority.File,
		"certificate":   "?token-env=TLSFLOOR_RIGHT&ca=" + other.File,
		"TLSFLOOR_NONE": "?token-env=TLSFLOOR_NONE",
	} {
		err := open(spec)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "splunk+https://127.0.0.1:") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v, want %s", spec, err, want)
		}
	}
	wrong := "token-env=TLSFLOOR_WRONG&ca=" + authority.File
	if err := open("?"+wrong, "?format=ecs&"+wrong); err == nil || strings.Count(err.Error(), "403") != 2 {
		t.Errorf("two wrong tokens: %v", err)
	}
	right := "?token-env=TLSFLOOR_RIGHT&ca=" + authority.File
	if err := open(right); err != nil { // nothing is left locked
		t.Error(err)
	}
	server.Kill()
	if err := open(right); err != nil || !strings.Contains(told.text(), "connection refused; events wait") {
		t.Errorf("%v, %q", err, told.text())
	}
}
