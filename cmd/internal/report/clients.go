package report

import (
	"slices"
	"strings"
	"sync"

	"tlsfloor/classify"
)

const (
	// maxClients is how many clients of a row are kept, and shownClients how many
	// a person is shown. Behind one address there may be many.
	maxClients   = 16
	shownClients = 3
	// maxWord bounds what is printed of a text that a local user may choose, in
	// columns.
	maxWord = 60
)

// caller is a client in words. Empty: not known.
type caller struct {
	software   string // with how sure that is
	executable string
	advice     string // what "tlsfloor explain" is asked for
}

// clients are those of flagged findings, by row. They become known later than
// findings are counted, and in other goroutines.
type clients struct {
	mu    sync.Mutex
	byRow map[rowKey]*callers
}

type callers struct {
	kept []caller
	more bool // than are kept
}

func newClients() clients { return clients{byRow: make(map[rowKey]*callers)} }

// Identify takes what is known of a finding's client: process, software, advice.
// Only flagged ones count. It is called once for each, before or after Add, and
// unlike Add from any goroutine. It keeps nothing of f but strings.
func (s *Summary) Identify(f *classify.Finding) {
	if !f.Flagged {
		return
	}
	if c := newClient(f); c != (caller{}) {
		s.clients.add(newRowKey(f), c)
	}
}

func newClient(f *classify.Finding) (c caller) {
	if f.Software != nil {
		c.software = inWords(f.Software)
	}
	if f.Process != nil {
		c.executable = tail(f.Process.Executable)
	}
	if f.Advice != nil {
		c.advice = tail(f.Advice.ID)
	}
	return c
}

func (c *clients) add(key rowKey, one caller) {
	c.mu.Lock()
	defer c.mu.Unlock()
	row := c.byRow[key]
	if row == nil {
		if len(c.byRow) >= maxRows {
			return
		}
		key.host = strings.Clone(key.host)
		row = new(callers)
		c.byRow[key] = row
	}
	switch {
	case slices.Contains(row.kept, one):
	case len(row.kept) >= maxClients:
		row.more = true
	default:
		row.kept = append(row.kept, one)
	}
}

// merge takes those of a summary that is not used any more.
func (c *clients) merge(o *clients) {
	for key, row := range o.byRow {
		for _, one := range row.kept {
			c.add(key, one)
		}
		if row.more {
			c.noteMore(key)
		}
	}
}

// noteMore notes that a row has clients that are not kept.
func (c *clients) noteMore(key rowKey) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if row := c.byRow[key]; row != nil {
		row.more = true
	}
}

// of returns the lines for a row: its clients, then what to do, in an order that
// does not depend on that in which goroutines came.
func (c *clients) of(key rowKey) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	row := c.byRow[key]
	if row == nil {
		return nil
	}
	var names, advice []string
	for _, one := range row.kept {
		names, advice = append(names, one.name()), append(advice, one.command())
	}
	names, more := few(names)
	advice, _ = few(advice)
	if row.more || more {
		names = append(names, "And other clients.")
	}
	return append(names, advice...)
}

// few sorts lines, and returns each once, as many as are shown.
func few(lines []string) (_ []string, more bool) {
	slices.Sort(lines)
	lines = slices.DeleteFunc(slices.Compact(lines), func(line string) bool { return line == "" })
	return lines[:min(len(lines), shownClients)], len(lines) > shownClients
}

// name is like "Client: Node.js 10 (OpenSSL 1.1.1), /usr/bin/node".
func (c caller) name() string {
	switch {
	case c.software != "" && c.executable != "":
		return "Client: " + c.software + ", " + c.executable
	case c.software+c.executable != "":
		return "Client: " + c.software + c.executable
	}
	return ""
}

// command has a line of its own, to be copied.
func (c caller) command() string {
	if c.advice == "" {
		return ""
	}
	return "Advice: tlsfloor explain " + c.advice
}

// certainty is what stands in front of a name.
var certainty = map[classify.Confidence]string{classify.Medium: "most likely ", classify.Low: "perhaps "}

// inWords is like "most likely Node.js 10 (OpenSSL 1.1.1)". A library that is the
// name again is not repeated.
func inWords(s *classify.Software) string {
	name := strings.TrimSpace(tail(s.Name) + " " + tail(s.Version))
	if library := tail(s.Library); library != "" && library != name && library != tail(s.Name) {
		name += " (" + library + ")"
	}
	return certainty[s.Confidence] + name
}

// tail is a text as it is printed. One that is too long keeps its end: of a path
// that says most.
func tail(text string) string {
	if len(text) > maxWord {
		text = text[len(text)-maxWord:]
		text = "..." + text[len("..."):]
	}
	if text = printable(text); len(text) > maxWord {
		return "..." + text[len(text)-maxWord+len("..."):]
	}
	return text
}
