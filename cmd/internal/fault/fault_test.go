package fault

import (
	"strings"
	"testing"
)

func caught(do func()) (f *Fault) {
	defer func() {
		if value := recover(); value != nil {
			f = New(value)
		}
	}()
	do()
	return nil
}

func indexed(list []int, i int) int { return list[i] }

// The place is where the mistake is, also for panics of the Go runtime.
func TestPlace(t *testing.T) {
	for want, do := range map[string]func(){
		"/fault.indexed, line ":               func() { indexed(nil, 3) },
		": runtime error: index out of range": func() { indexed(nil, 3) },
		"/fault.TestPlace.":                   func() { panic("a mistake") },
		": a mistake":                         func() { panic("a mistake") },
	} {
		f := caught(do)
		if f == nil || !strings.Contains(f.Error(), want) || !strings.Contains(f.Error(), "please report it") {
			t.Errorf("%v, want %s", f, want)
		}
	}
	if f := caught(func() {}); f != nil {
		t.Error(f)
	}
}
