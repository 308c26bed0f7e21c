package explain

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"time"

	"golang.org/x/term"

	"tlsfloor/capture/compress"
	"tlsfloor/classify/advice"
	"tlsfloor/cmd/internal/options"
	"tlsfloor/cmd/internal/report"
)

// Command is one call of the command.
type Command struct {
	Stdin  io.Reader
	Stdout io.Writer
	// Report is called with errors that do not end the command, such as those about one
	// of several files.
	Report func(error)
}

// memoryLimit is that of the garbage collector, in bytes. 10,000 clients with the longest
// names in all places take 279 MB; without the limit the process takes twice that.
const memoryLimit = 320 << 20

// Run writes what the options ask for. An error ends the command.
func (c *Command) Run(o *options.Explain) error {
	debug.SetMemoryLimit(memoryLimit)
	selection, err := report.NewSelection(o.Client, o.Since, time.Now())
	if err != nil {
		return fmt.Errorf("explain: %w", err)
	}
	if len(o.Names) == 0 {
		return report.ListGuides(c.Stdout)
	}
	r := report.NewFindings(selection)
	for _, name := range o.Names {
		if g, ok := advice.Lookup(name); ok {
			if err := report.WriteGuide(c.Stdout, g); err != nil {
				return err
			}
			continue
		}
		if err := c.add(r, name); err != nil {
			r.Incomplete()
			c.Report(fmt.Errorf("explain: %w", err))
		}
	}
	events, foreign := r.Lines()
	if events > 0 {
		if err := r.Write(c.Stdout, o.Top); err != nil {
			return err
		}
	}
	if events > 0 && foreign > 0 {
		c.Report(fmt.Errorf("explain: lines left out, because they are no events of tlsfloor in its native format: %d", foreign))
	}
	return nil
}

// add adds the events of a file, which may be compressed. A file without any is an error:
// that nothing is flagged in it would say nothing.
func (c *Command) add(r *report.Findings, name string) error {
	from, called := c.Stdin, "standard input"
	if name == "-" {
		defer endsWithInput(from)()
	} else {
		f, err := os.Open(name)
		if errors.Is(err, fs.ErrNotExist) && !strings.ContainsRune(name, '/') {
			return fmt.Errorf("%s is neither a guide nor a file%s", name, similar(name))
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, cause(err))
		}
		defer f.Close()
		from, called = f, name
	}
	eventsBefore, foreignBefore := r.Lines()
	if err := addEvents(r, from); err != nil {
		return fmt.Errorf("%s: %w", called, cause(err))
	}
	switch events, foreign := r.Lines(); {
	case events == eventsBefore && foreign == foreignBefore:
		return fmt.Errorf("%s: no events: it is empty; a run that flags nothing writes none, unless with --emit all", called)
	case events == eventsBefore:
		return fmt.Errorf("%s: no events of tlsfloor in its native format", called)
	}
	return nil
}

// magicLen is the length of the longest beginning by which compressed data is known, in
// bytes.
const magicLen = 4

func addEvents(r *report.Findings, from io.Reader) error {
	in := bufio.NewReaderSize(from, 64<<10)
	head, err := in.Peek(magicLen)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	f := compress.FormatOf(head)
	if f == nil {
		return r.Add(in)
	}
	// Decompressors take 128 MiB at most.
	unpacked, err := f.NewReader(in, func(int64) error { return nil })
	if err != nil {
		return err
	}
	defer unpacked.Close()
	return r.Add(unpacked)
}

// endsWithInput makes a first SIGINT not end the command while it reads a pipe: at a
// terminal, Ctrl-C goes to all programs of a pipeline, and the one before this then ends,
// with events that are to be explained. It returns the function that undoes that.
func endsWithInput(from io.Reader) (undo func()) {
	f, ok := from.(*os.File)
	if !ok || term.IsTerminal(int(f.Fd())) {
		return func() {}
	}
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt)
	go func() {
		if _, ok := <-interrupts; ok {
			signal.Stop(interrupts)
		}
	}()
	return func() {
		signal.Stop(interrupts)
		close(interrupts)
	}
}

// cause returns the cause of an error about a file, without the name of a system call.
func cause(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// similar suggests guides with a similar name.
func similar(name string) string {
	var near []string
	for _, g := range advice.All() {
		if strings.HasPrefix(g.ID, name[:min(len(name), 3)]) || strings.Contains(g.ID, name) {
			near = append(near, g.ID)
		}
	}
	if near == nil {
		return `; "tlsfloor explain" lists the guides`
	}
	return "; did you mean " + strings.Join(near, ", ") + "?"
}
