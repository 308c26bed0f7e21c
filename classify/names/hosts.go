package names

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
)

const (
	// maxHosts bounds the names in a file: by address, and by client and address.
	maxHosts = 1 << 20
	// maxLine bounds a line of a file, in bytes. A line of dns.log is one response.
	maxLine = 1 << 20
)

// Hosts has the names of addresses in a file. It is read-only.
type Hosts struct {
	told   map[toldKey]string // for one client: dns.log tells which client asked
	called map[addr]lastNames // for all clients
	limit  int                // maxHosts, or less in tests
}

type toldKey struct{ client, server addr }

// lastNames are the last names of an address, the newest first.
type lastNames [maxNames]string

// add makes a name the newest.
func (l *lastNames) add(name string) {
	at := 0
	for at < len(l)-1 && l[at] != name {
		at++
	}
	copy(l[1:at+1], l[:at])
	l[0] = name
}

// agreed returns the common name: see common.
func (l *lastNames) agreed() (name string, ok bool) {
	n := 0
	for n < len(l) && l[n] != "" {
		n++
	}
	return common(l[:n])
}

// LoadHosts reads names for captures without DNS. r is a hosts file (lines of "ADDRESS
// NAME...", # begins a comment) or Zeek's dns.log, as tab-separated values or JSON
// Lines; the first line tells which. In a hosts file, only the first name of a line
// counts; the others are its aliases.
//
// When an address has several names, the last one for the client counts, else the
// common name of the last maxNames, as in Store.Lookup. Errors have the number of the
// line, from 1.
func LoadHosts(r io.Reader) (*Hosts, error) {
	return loadHosts(r, maxHosts)
}

func loadHosts(r io.Reader, limit int) (*Hosts, error) {
	h := &Hosts{told: map[toldKey]string{}, called: map[addr]lastNames{}, limit: limit}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	var read lineReader
	n := 0
	for lines.Scan() {
		n++
		line := bytes.TrimSuffix(lines.Bytes(), []byte("\r"))
		if read == nil {
			if len(bytes.TrimSpace(line)) == 0 {
				continue
			}
			read = readerOf(line)
		}
		if err := read(h, line); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, lineError(n+1, err)
	}
	return h, nil
}

func lineError(n int, err error) error {
	if errors.Is(err, bufio.ErrTooLong) {
		err = fmt.Errorf("longer than %d bytes", maxLine)
	}
	return fmt.Errorf("line %d: %w", n, err)
}

// lineReader adds the names in one line to h.
type lineReader func(h *Hosts, line []byte) error

// readerOf chooses the format by the first line.
func readerOf(first []byte) lineReader {
	switch {
	case bytes.HasPrefix(first, []byte("{")):
		return readJSON
	case bytes.HasPrefix(first, []byte("#separator")), bytes.HasPrefix(first, []byte("#fields")):
		return (&zeekLog{separator: "\t", setSeparator: ","}).read
	}
	return readHosts
}

// readHosts reads a line of a hosts file (hosts(5)).
func readHosts(h *Hosts, line []byte) error {
	line, _, _ = bytes.Cut(line, []byte("#"))
	fields := bytes.Fields(line)
	if len(fields) == 0 {
		return nil
	}
	a, err := netip.ParseAddr(string(fields[0]))
	if err != nil {
		return fmt.Errorf("%.60q is not an IP address", fields[0])
	}
	if len(fields) == 1 {
		return fmt.Errorf("no name for %v", a)
	}
	return h.add(netip.Addr{}, a, string(fields[1]))
}

// add keeps name as the name of server; client is invalid when the client that asked
// is not known.
func (h *Hosts) add(client, server netip.Addr, name string) error {
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	if name == "" || len(name) > maxName {
		return fmt.Errorf("%.60q is not a host name", name)
	}
	a := addrOf(server)
	if client.IsValid() {
		h.told[toldKey{addrOf(client), a}] = name
	}
	l := h.called[a]
	l.add(name)
	h.called[a] = l
	if len(h.told)+len(h.called) > h.limit {
		return fmt.Errorf("more than %d names", h.limit)
	}
	return nil
}

// maxName is the length of the longest DNS name with dots (RFC 1035, 2.3.4).
const maxName = 253

func (h *Hosts) lookup(client, server addr) (string, bool) {
	if name, ok := h.told[toldKey{client, server}]; ok {
		return name, true
	}
	l := h.called[server]
	return l.agreed()
}
