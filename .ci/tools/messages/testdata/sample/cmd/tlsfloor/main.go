// Command tlsfloor has a text of each kind.
package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"tlsfloor/pflag"
)

var (
	errOne    = errors.New("an error of the program")
	errUnused = errors.New("an error that nothing returns")
	texts     = map[string]string{"a key of several words": "a value of several words"}
)

const limit = 64

type shape struct{ sides int }

type cause int

func (c cause) String() string { return "the name of a cause" }

type unused int

func (u unused) String() string { return "the name of nothing" }

func main() {
	f, name := new(pflag.FlagSet), ""
	f.StringVar(&name, "name", "the default of it", "the `name` of somebody")
	note("name %s, %d %% of %v, %5.1f", name, 3, time.Second, 1.5)
	fmt.Fprintln(os.Stderr, texts[name], cause(1))
	if strings.Contains(name, "not for people at all") || name == "compared with this" {
		panic("this cannot be")
	}
	fmt.Fprintf(os.Stderr, "%-*s is padded\n", 8, name)
	fmt.Fprintf(os.Stderr, "%q, and "+"at most %d\n", name, limit)
	if err := run(name); err != nil {
		note("after all: " + err.Error() + ", and it ends")
		note("two times the same")
		note("two times the same")
	}
}

func run(name string) error {
	if name == "" {
		return fmt.Errorf("run %s: %w", name, errOne)
	}
	note("shapes: %v, %+v", shape{3}, shape{4})
	note("sides: %v of %T", []int{3, 4}, name)
	note("a nil goroutine")
	return other(name)
}

func never() error { return errUnused }

func note(format string, args ...any) { fmt.Fprintf(os.Stderr, "sample: "+format+"\n", args...) }
