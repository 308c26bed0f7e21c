package config

import (
	"strings"

	"tlsfloor/cmd/internal/journal"
)

// Shared returns a journal for outputs that another process delivers to: it gets what any
// of them wants, and keeps it until all have it.
func Shared(folder string, outputs []Config) Config {
	c := Config{kind: toJournal, path: folder, Defaults: Defaults{Format: "native"}}
	c.journal = journal.Options{Folder: folder, Consume: true}
	for i := range outputs {
		c.Emit = max(c.Emit, outputs[i].Emit)
		c.journal.Size = max(c.journal.Size, outputs[i].SpoolSize)
		c.journal.Readers = append(c.journal.Readers, outputs[i].FileName())
	}
	return c
}

// JournalFolder is the folder of a journal; empty: the output is none.
func (c *Config) JournalFolder() string { return c.journal.Folder }

// WithoutSpool returns a value of --output without the options about where events wait.
func WithoutSpool(spec string) string {
	head, options, has := strings.Cut(spec, "?")
	if !has {
		return spec
	}
	var kept []string
	for _, option := range strings.Split(options, "&") {
		if name, _, _ := strings.Cut(option, "="); name != "spool" && name != "spool-size" {
			kept = append(kept, option)
		}
	}
	if kept == nil {
		return head
	}
	return head + "?" + strings.Join(kept, "&")
}
