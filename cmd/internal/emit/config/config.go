package config

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"tlsfloor/classify"
	"tlsfloor/cmd/internal/emit/transport"
	"tlsfloor/cmd/internal/emit/transport/file"
	"tlsfloor/cmd/internal/emit/transport/post"
	"tlsfloor/cmd/internal/emit/transport/sigv4"
	"tlsfloor/cmd/internal/emit/transport/syslog"
	"tlsfloor/cmd/internal/journal"
)

// Defaults are the settings of outputs that do not have their own.
type Defaults struct {
	Format    string // a value of --format; empty: native
	Emit      Selection
	Spool     string // folder of the journal in which events wait; empty: the default one
	SpoolSize int64  // of that journal, in bytes; 0: 256 MiB
}

// defaultSpoolSize holds about 250,000 events.
const defaultSpoolSize = 256 << 20

// Config is one output, as a value of --output describes it. It holds no secrets, but
// where to read them.
type Config struct {
	Defaults
	kind     kind
	path     string // of a file or a socket
	address  string // host:port
	url      string
	index    string // of Elasticsearch
	facility uint8
	framing  syslog.Framing
	file     file.Options
	journal  journal.Options
	tls      transport.TLS
	splunk   post.Splunk
	elastic  post.Elastic
	signed   sigv4.Options // without a region: not at all
}

// Wants reports whether the output takes a finding.
func (c *Config) Wants(f *classify.Finding) bool { return c.Emit.Wants(f) }

// Name is the output's name in messages and metrics.
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

// IsStdout reports whether events go to standard output.
func (c *Config) IsStdout() bool { return c.kind == stdout }

// IsLocal reports whether the output is standard output, a file or a journal.
func (c *Config) IsLocal() bool { return c.kind == stdout || c.kind == toFile || c.kind == toJournal }

// Identity is equal for outputs that would share a file, or a cursor in a journal.
func (c *Config) Identity() string {
	if c.IsLocal() {
		return c.Name()
	}
	return c.Name() + " " + c.Format
}

// FileName is a name for what is kept of the output in a folder, the same in every run.
func (c *Config) FileName() string {
	name := []byte(c.Name())
	for i, b := range name {
		if !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-", rune(b)) {
			name[i] = '_'
		}
	}
	sum := sha256.Sum256([]byte(c.Identity()))
	return string(name[:min(len(name), 64)]) + "-" + hex.EncodeToString(sum[:4])
}

// kind is the word that a value of --output begins with.
type kind string

const (
	stdout       kind = "stdout"
	toFile       kind = "file"
	toJournal    kind = "journal"
	socket       kind = "unix"
	syslogUDP    kind = "syslog+udp"
	syslogTCP    kind = "syslog+tcp"
	syslogTLS    kind = "syslog+tls"
	splunkHTTPS  kind = "splunk+https"
	splunkHTTP   kind = "splunk+http"
	elasticHTTPS kind = "elasticsearch+https"
	elasticHTTP  kind = "elasticsearch+http"
)

// kinds has, for each kind, the function that reads what follows it, and the options
// that it has besides the common ones.
var kinds = map[kind]struct {
	where   func(*Config, string) error
	options string // separated by spaces
}{
	stdout:       {whereNothing, ""},
	toFile:       {wherePath, "rotate every keep mode"},
	toJournal:    {whereFolder, "size age sync mode"},
	socket:       {wherePath, ""},
	syslogUDP:    {whereHost("514"), "facility"},
	syslogTCP:    {whereHost("514"), "facility framing"},
	syslogTLS:    {whereHost("6514"), "facility framing ca cert key server-name"},
	splunkHTTPS:  {whereSplunk, "token-file token-env index source sourcetype ca cert key server-name"},
	splunkHTTP:   {whereSplunk, "token-file token-env index source sourcetype"},
	elasticHTTPS: {whereElastic, "api-key-file api-key-env user password-file password-env sigv4 index-in pipeline query ca cert key server-name"},
	elasticHTTP:  {whereElastic, "api-key-file api-key-env user password-file password-env sigv4 index-in pipeline query"},
}

// options are all options of the kind. Events for outputs that another process delivers to
// wait in a spool.
func (k kind) options() []string {
	common := "format emit spool spool-size"
	switch k {
	case toJournal:
		common = "emit"
	case stdout, toFile:
		common = "format emit"
	}
	return strings.Fields(common + " " + kinds[k].options)
}

const kindList = "stdout, file:PATH, journal:FOLDER, unix:PATH, syslog+udp://HOST, syslog+tcp://HOST, syslog+tls://HOST, " +
	"splunk+https://HOST and elasticsearch+https://HOST/INDEX"

// has reports whether the kind has this option.
func (k kind) has(option string) bool { return slices.Contains(k.options(), option) }

// isPlain reports whether the kind is HTTP without TLS.
func (k kind) isPlain() bool { return k == splunkHTTP || k == elasticHTTP }

// Selection says which findings an output writes.
type Selection uint8

// The selections, by the values of --emit.
const (
	SelectFlagged Selection = iota // flagged flows in scope
	SelectScoped                   // all flows in scope
	SelectAll                      // every TLS handshake
)

// ParseSelection reads a value of --emit.
func ParseSelection(text string) (Selection, error) {
	switch text {
	case "flagged":
		return SelectFlagged, nil
	case "aws":
		return SelectScoped, nil
	case "all":
		return SelectAll, nil
	}
	return 0, fmt.Errorf("no such selection %q: there are flagged, aws and all", text)
}

// Wants reports whether a judged finding is written.
func (s Selection) Wants(f *classify.Finding) bool { return s.Takes(f.Flagged, f.InScope) }

// Takes reports whether a finding with these properties is written.
func (s Selection) Takes(flagged, inScope bool) bool {
	return flagged || s == SelectAll || s == SelectScoped && inScope
}
