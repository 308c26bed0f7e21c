package names

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// dnsLog has the members of an entry of Zeek's dns.log that are read.
type dnsLog struct {
	Client  string   `json:"id.orig_h"`
	Query   string   `json:"query"`
	Answers []string `json:"answers"`
}

// readJSON reads a line of a dns.log that Zeek wrote as JSON.
func readJSON(h *Hosts, line []byte) error {
	if len(line) == 0 {
		return nil
	}
	var e dnsLog
	if err := json.Unmarshal(line, &e); err != nil {
		return fmt.Errorf("not an entry of Zeek's dns.log: %w", err)
	}
	return e.addTo(h)
}

// addTo adds the addresses among the answers to h. Other answers are aliases, texts and
// the like.
func (e *dnsLog) addTo(h *Hosts) error {
	client, _ := netip.ParseAddr(e.Client)
	for _, answer := range e.Answers {
		server, err := netip.ParseAddr(answer)
		if err != nil || e.Query == "" {
			continue
		}
		if err := h.add(client, server, e.Query); err != nil {
			return err
		}
	}
	return nil
}

// zeekLog reads a dns.log as tab-separated values. Its first lines describe the format.
type zeekLog struct {
	separator, setSeparator string
	unset, empty            string
	columns                 int
	client, query, answers  int // column numbers
}

func (z *zeekLog) read(h *Hosts, line []byte) error {
	text := string(line)
	if strings.HasPrefix(text, "#") {
		return z.readHeading(text)
	}
	if z.columns == 0 {
		return errors.New("an entry before #fields")
	}
	if text == "" {
		return nil
	}
	values := strings.Split(text, z.separator)
	if len(values) != z.columns {
		return fmt.Errorf("%d columns, but #fields has %d", len(values), z.columns)
	}
	e := dnsLog{Client: values[z.client], Query: z.value(values[z.query])}
	if list := z.value(values[z.answers]); list != "" {
		e.Answers = strings.Split(list, z.setSeparator)
	}
	return e.addTo(h)
}

// value decodes Zeek's escapes, and the texts for an unset or empty field.
func (z *zeekLog) value(s string) string {
	if s == z.unset || s == z.empty {
		return ""
	}
	return unescape(s)
}

// readHeading reads a line of the heading. #separator is followed by a space, the other
// keys by the separator.
func (z *zeekLog) readHeading(line string) error {
	if s, ok := strings.CutPrefix(line, "#separator "); ok {
		z.separator = unescape(s)
		if z.separator == "" {
			return errors.New("an empty #separator")
		}
		return nil
	}
	key, value, _ := strings.Cut(line, z.separator)
	switch key {
	case "#set_separator":
		z.setSeparator = value
	case "#unset_field":
		z.unset = value
	case "#empty_field":
		z.empty = value
	case "#fields":
		return z.readFields(strings.Split(value, z.separator))
	}
	return nil
}

func (z *zeekLog) readFields(fields []string) error {
	z.columns = len(fields)
	z.client, z.query, z.answers = -1, -1, -1
	for i, f := range fields {
		switch f {
		case "id.orig_h":
			z.client = i
		case "query":
			z.query = i
		case "answers":
			z.answers = i
		}
	}
	if z.client < 0 || z.query < 0 || z.answers < 0 {
		return errors.New("not a dns.log: #fields lacks id.orig_h, query or answers")
	}
	return nil
}

// unescape decodes \xNN, which Zeek writes for separators and bytes that are not text.
func unescape(s string) string {
	if !strings.Contains(s, `\x`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if i+4 <= len(s) && s[i] == '\\' && s[i+1] == 'x' {
			if c, err := strconv.ParseUint(s[i+2:i+4], 16, 8); err == nil {
				b.WriteByte(byte(c))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
