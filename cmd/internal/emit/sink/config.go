package sink

import (
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
	"strings"

	"tlsfloor/classify"
	"tlsfloor/cmd/internal/emit/transport"
	"tlsfloor/cmd/internal/emit/transport/file"
	"tlsfloor/cmd/internal/emit/transport/post"
)

// Defaults are what holds for an output that does not say otherwise.
type Defaults struct {
	Format    string // a value of --format; empty: native
	Emit      Selection
	Spool     string // folder; empty: no spool
	SpoolSize int64  // in bytes; 0: DefaultSpoolSize
}

// DefaultSpoolSize is the size of a spool, in bytes: some 250,000 events.
const defaultSpoolSize = 256 << 20

// Config is one output, read from a value of --output. It holds no secret, only
// where secrets are.
type Config struct {
	Defaults
	kind     kind
	path     string // of a file or a socket
	address  string // host:port
	url      string
	index    string // of Elasticsearch
	facility uint8
	file     file.Options
	tls      transport.TLS
	splunk   post.Splunk
	elastic  post.Elastic
}

// Name names the output in messages and metrics.
func (c *Config) Name() string {
	switch {
	case c.kind == stdout:
		return string(stdout)
	case c.path != "":
		return string(c.kind) + ":" + c.path
	case c.index != "":
		return string(c.kind) + "://" + c.address + "/" + c.index
	}
	return string(c.kind) + "://" + c.address
}

// Wants reports whether the output takes a finding.
func (c *Config) Wants(f *classify.Finding) bool { return c.Emit.Wants(f) }

// isLocal reports whether the output is on this machine, and waiting for it is
// waiting for a disk or a reader.
func (c *Config) isLocal() bool { return c.kind == stdout || c.kind == toFile }

// identity tells outputs apart that may not share a file or a spool.
func (c *Config) identity() string {
	if c.isLocal() {
		return c.Name()
	}
	return c.Name() + " " + c.Format
}

// spoolFolder is the output's own folder in its spool: the same in the next run.
func (c *Config) spoolFolder() string {
	name := []byte(c.Name())
	for i, b := range name {
		if !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-", rune(b)) {
			name[i] = '_'
		}
	}
	sum := sha256.Sum256([]byte(c.identity()))
	return filepath.Join(c.Spool, string(name[:min(len(name), 64)])+"-"+hex.EncodeToString(sum[:4]))
}
