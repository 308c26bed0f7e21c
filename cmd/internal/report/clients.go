package report

import (
	"slices"
	"strings"
	"sync"

	"tlsfloor/classify"
)

const (
	// maxClients bounds the clients that are kept for a row, and maxClientsShown those
	// that are shown. One address may have many.
	maxClients      = 16
	maxClientsShown = 3
	// maxWord bounds a text that a local user may choose, in columns.
	maxWord = 60
)

// knownClient is what is known about a client. Empty fields are not known.
type knownClient struct {
	software   string // with the confidence
	executable string
	advice     string // what "tlsfloor explain" is asked for
}

// clients are the clients of flagged findings, by row. They become known after their
// finding was counted, in other goroutines.
type clients struct {
	mu    sync.Mutex
	byRow map[rowKey]*clientsOfRow
}

type clientsOfRow struct {
	kept []knownClient
	more bool // than are kept
}

func newClients() clients { return clients{byRow: make(map[rowKey]*clientsOfRow)} }

// Identify adds what is known about the client of a flagged finding: process, software
// and advice. It is called once for each finding, before or after Add, by any goroutine.
// It keeps only strings of f.
func (s *Summary) Identify(f *classify.Finding) {
	if !f.Flagged {
		return
	}
	if c := clientOf(f); c != (knownClient{}) {
		s.clients.add(newRowKey(f), c)
	}
}

func clientOf(f *classify.Finding) (c knownClient) {
	if f.Software != nil {
		c.software = softwareText(f.Software)
	}
	if f.Process != nil {
		c.executable = shorten(f.Process.Executable)
	}
	if f.Advice != nil {
		c.advice = shorten(f.Advice.ID)
	}
	return c
}

func (c *clients) add(key rowKey, one knownClient) {
	c.mu.Lock()
	defer c.mu.Unlock()
	row := c.byRow[key]
	if row == nil {
		if len(c.byRow) >= maxRows {
			return
		}
		key.host = strings.Clone(key.host)
		row = new(clientsOfRow)
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

// merge adds the clients of a summary that is no longer used.
func (c *clients) merge(o *clients) {
	for key, row := range o.byRow {
		for _, one := range row.kept {
			c.add(key, one)
		}
		if row.more {
			c.setMore(key)
		}
	}
}

// setMore notes that a row has more clients than are kept.
func (c *clients) setMore(key rowKey) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if row := c.byRow[key]; row != nil {
		row.more = true
	}
}

// of returns the lines for a row, its clients and then the advice, in an order that does
// not depend on the scheduling of goroutines.
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
	names, more := firstFew(names)
	advice, _ = firstFew(advice)
	if row.more || more {
		names = append(names, "And other clients.")
	}
	return append(names, advice...)
}

// firstFew returns the distinct lines, sorted, as many as are shown.
func firstFew(lines []string) (_ []string, more bool) {
	slices.Sort(lines)
	lines = slices.DeleteFunc(slices.Compact(lines), func(line string) bool { return line == "" })
	return lines[:min(len(lines), maxClientsShown)], len(lines) > maxClientsShown
}

// name returns a line like "Client: Node.js 10 (OpenSSL 1.1.1), /usr/bin/node".
func (c knownClient) name() string {
	switch {
	case c.software != "" && c.executable != "":
		return "Client: " + c.software + ", " + c.executable
	case c.software+c.executable != "":
		return "Client: " + c.software + c.executable
	}
	return ""
}

// command returns a line with a command to copy.
func (c knownClient) command() string {
	if c.advice == "" {
		return ""
	}
	return "Advice: tlsfloor explain " + c.advice
}

// certainty is the prefix of a name, by confidence.
var certainty = map[classify.Confidence]string{classify.Medium: "most likely ", classify.Low: "perhaps "}

// softwareText returns a text like "most likely Node.js 10 (OpenSSL 1.1.1)". It leaves
// out a library that is the software itself.
func softwareText(s *classify.Software) string {
	name := strings.TrimSpace(shorten(s.Name) + " " + shorten(s.Version))
	if library := shorten(s.Library); library != "" && library != name && library != shorten(s.Name) {
		name += " (" + library + ")"
	}
	return certainty[s.Confidence] + name
}

// shorten makes a text printable. One that is too long loses its beginning: the end of a
// path says most.
func shorten(text string) string {
	if len(text) > maxWord {
		text = text[len(text)-maxWord:]
		text = "..." + text[len("..."):]
	}
	if text = printable(text); len(text) > maxWord {
		return "..." + text[len(text)-maxWord+len("..."):]
	}
	return text
}
