package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"tlsfloor/cmd/internal/regular"
)

// maxExpression and maxList bound the files of -F and -V, in bytes.
const (
	maxExpression = 64 << 10
	maxList       = 16 << 20
)

// readListed reads the files that stand for words of the command line: the expression
// (-F), and the names of captures (-V).
func (w *watcher) readListed(stdin io.Reader) error {
	if err := w.readExpression(); err != nil {
		return err
	}
	for _, list := range w.options.Lists {
		names, err := readNames(list, stdin)
		if err != nil {
			return fmt.Errorf("-V %s: %w", list, err)
		}
		if len(names) == 0 {
			return fmt.Errorf("-V %s: no names of captures in it", list)
		}
		if list == "-" && slices.Contains(slices.Concat(w.options.Files, names), "-") {
			return fmt.Errorf("-V -: standard input has the list, and so no capture")
		}
		w.options.Files = append(w.options.Files, names...)
	}
	return nil
}

// readExpression reads the file of -F. As in tcpdump, "#" begins a comment, and an
// expression on the command line is ignored.
func (w *watcher) readExpression() error {
	name := w.options.ExpressionFile
	if name == "" {
		return nil
	}
	text, err := regular.Read(name, maxExpression)
	if err != nil {
		return fmt.Errorf("-F %s: %w", name, err)
	}
	if w.options.Expression != "" {
		w.note("-F %s: used instead of the expression %q", printable(name), w.options.Expression)
	}
	var words []string
	for line := range strings.Lines(string(text)) {
		line, _, _ = strings.Cut(line, "#")
		words = append(words, strings.Fields(line)...)
	}
	w.options.UseExpression(strings.Join(words, " "))
	return nil
}

// readNames reads a file of names, one a line. It leaves out empty lines.
func readNames(list string, stdin io.Reader) (names []string, err error) {
	from := stdin
	if list != "-" {
		f, err := os.Open(list)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		from = f
	}
	text, err := io.ReadAll(io.LimitReader(from, maxList+1))
	if err == nil && len(text) > maxList {
		err = fmt.Errorf("it is longer than %d MiB", maxList>>20)
	}
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimRight(line, "\r\n"); line != "" {
			names = append(names, line)
		}
	}
	return names, err
}
