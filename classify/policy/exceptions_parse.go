package policy

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"tlsfloor/classify"
	"tlsfloor/classify/aws"
	"tlsfloor/classify/nearest"
)

// The bounds of a file of exceptions. Each flagged finding is compared with all of them:
// MaxExceptions take less than 100 microseconds.
const (
	MaxExceptions  = 1000
	maxValues      = 10_000 // of all exceptions
	maxExceptField = 200    // of an owner, a reason and other values, in bytes
)

// ParseExceptions reads a file of exceptions: blocks of lines, with empty lines between
// them. A line is "key: value"; one that begins with # is a comment. A key that is there
// several times means any of its values, except for the three that each block has once.
//
//	# We know, and it ends in June.
//	client: 10.0.4.0/24
//	host:   *.s3.eu-west-1.amazonaws.com
//	owner:  alice@example.com
//	reason: printers of building 4, replaced in June
//	until:  2026-06-30
//
// An error names the line. There is no file of which a part counts.
func ParseExceptions(text []byte) (*Exceptions, error) {
	r, number := exceptionReader{read: new(Exceptions)}, 0
	for line := range bytes.Lines(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))) {
		number++
		if err := r.line(number, strings.TrimSpace(string(line))); err != nil {
			return nil, err
		}
	}
	return r.read, r.end()
}

// exceptionReader reads a file of exceptions line by line.
type exceptionReader struct {
	read   *Exceptions
	block  *draft // nil: no line of it yet
	values int    // lines so far, without comments
}

func (r *exceptionReader) line(number int, line string) error {
	switch {
	case line == "":
		return r.end()
	case line[0] == '#':
		return nil
	case r.block == nil:
		r.block = newDraft(number)
	}
	err := r.block.add(line)
	if r.values++; r.values > maxValues {
		err = fmt.Errorf("more than %d lines", maxValues)
	}
	if err != nil {
		return fmt.Errorf("line %d: %w", number, err)
	}
	return nil
}

// end ends a block.
func (r *exceptionReader) end() error {
	if r.block == nil {
		return nil
	}
	err := r.block.whole()
	if len(r.read.rules) == MaxExceptions {
		err = fmt.Errorf("more than %d exceptions", MaxExceptions)
	}
	if err != nil {
		return fmt.Errorf("line %d: %w", r.block.line, err)
	}
	one := r.block.rule
	r.read.rules, r.read.late, r.block = append(r.read.rules, one), r.read.late || one.late(), nil
	return nil
}

// draft is a block while it is read.
type draft struct {
	rule
	wide string // a value that names every destination of AWS
}

func newDraft(line int) *draft {
	return &draft{rule: rule{Exception: new(classify.Exception), line: line}}
}

// keys are what a line may begin with.
var keys = []string{"client", "host", "sni", "service", "region", "program", "software", "owner", "reason", "until"}

var errNoKey = errors.New("not of the form \"key: value\"")

func (d *draft) add(line string) error {
	key, value, ok := strings.Cut(line, ":")
	key, value = strings.TrimSpace(key), strings.TrimSpace(value)
	switch {
	case !ok || strings.ContainsAny(key, " \t"):
		return errNoKey
	case value == "":
		return fmt.Errorf("%s has no value", shown(key))
	case len(value) > maxExceptField:
		return fmt.Errorf("%s is longer than %d bytes", shown(key), maxExceptField)
	case !utf8.ValidString(value) || strings.ContainsFunc(value, func(r rune) bool { return !unicode.IsPrint(r) }):
		return fmt.Errorf("%s has characters that cannot be printed", shown(key))
	}
	return d.set(key, value)
}

// shown bounds a text of a file in an error, and makes it printable.
func shown(text string) string {
	const most = 40
	if len(text) > most {
		text = text[:most]
	}
	return strings.Trim(fmt.Sprintf("%q", text), `"`)
}

func (d *draft) set(key, value string) error {
	r := &d.rule
	switch key {
	case "client":
		return r.addClient(value)
	case "host":
		return d.addName(&r.hosts, value)
	case "sni":
		return d.addName(&r.snis, value)
	case "service":
		return addWord(&r.services, value)
	case "region":
		return addWord(&r.regions, value)
	case "software":
		return addWord(&r.software, value)
	case "program":
		if value[0] != '/' {
			return fmt.Errorf("program %s: not a whole path, as of an executable or a script", shown(value))
		}
		r.programs = append(r.programs, value)
		return nil
	case "owner":
		return once(&r.Owner, key, value)
	case "reason":
		return once(&r.Reason, key, value)
	case "until":
		return r.setUntil(value)
	}
	if near := nearest.Of(key, keys); near != "" {
		return fmt.Errorf("no such key: %s; did you mean %s?", shown(key), near)
	}
	return fmt.Errorf("no such key: %s; there are %s", shown(key), strings.Join(keys, ", "))
}

func once(field *string, key, value string) error {
	if *field != "" {
		return fmt.Errorf("%s is there twice: an empty line begins another exception", key)
	}
	*field = value
	return nil
}

func (r *rule) addClient(value string) error {
	p, err := netip.ParsePrefix(value)
	if err != nil {
		a, errAddr := netip.ParseAddr(value)
		if errAddr != nil || a.Zone() != "" {
			return fmt.Errorf("client %s: not an address or a prefix (each on a line of its own)", shown(value))
		}
		a = a.Unmap()
		p = netip.PrefixFrom(a, a.BitLen())
	}
	switch {
	case p.Bits() == 0:
		return fmt.Errorf("client %s: every client: leave it out, and name a destination", shown(value))
	case p.Addr().Is4In6():
		return fmt.Errorf("client %s: IPv4 addresses are written as such", shown(value))
	case p != p.Masked():
		return fmt.Errorf("client %s: the prefix is %s", shown(value), p.Masked())
	}
	r.clients = append(r.clients, p)
	return nil
}

// addName adds a name or a pattern of names, as NewScope has them, but no preset.
func (d *draft) addName(to *[]pattern, value string) error {
	text := normal(value)
	if _, preset := presets[text]; preset {
		return fmt.Errorf("%s: a name, or *.NAME, is needed", shown(value))
	}
	name := strings.TrimPrefix(strings.TrimPrefix(text, "*"), ".")
	if err := checkPattern(text, name); err != nil {
		return fmt.Errorf("%s: %w", shown(value), err)
	}
	one := pattern{name: name, exact: text[0] != '*', below: name != text}
	if one.below && (!strings.Contains(name, ".") || aws.InScopeAll("x."+name) && !aws.InScopeAll(name)) {
		d.wide = value
	}
	*to = append(*to, one)
	return nil
}

func addWord(list *[]string, value string) error {
	if strings.ContainsFunc(value, func(r rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._", r)
	}) {
		return fmt.Errorf("%s: not a word of letters, digits and hyphens (each on a line of its own)", shown(value))
	}
	*list = append(*list, value)
	return nil
}

// setUntil sets the last day of an exception, in UTC.
func (r *rule) setUntil(value string) error {
	day, err := time.Parse(time.DateOnly, value)
	if err != nil || day.Year() < 2000 || day.Year() > 2200 {
		return fmt.Errorf("until %s: not a day like 2026-06-30", shown(value))
	}
	r.ends = day.AddDate(0, 0, 1).UnixNano()
	return once(&r.Until, "until", value)
}

// whole returns why a block is no exception. It has to name whom or what it is about: a
// region or some software may be anybody's.
func (d *draft) whole() error {
	client := len(d.clients)+len(d.programs) > 0
	switch {
	case d.Owner == "":
		return errors.New("an exception without owner")
	case d.Reason == "":
		return errors.New("an exception without reason")
	case d.Until == "":
		return errors.New("an exception without until, its last day")
	case !client && d.hosts == nil && d.snis == nil && len(d.services) == 0:
		return errors.New("an exception of everything: it needs a client (or program), or a destination (host, sni or service)")
	case !client && d.wide != "":
		return fmt.Errorf("%s: too many destinations for an exception without client or program", shown(d.wide))
	}
	return nil
}
