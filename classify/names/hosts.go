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
	// MaxHosts bounds the addresses, and the clients' own views of them, that a
	// file may name.
	MaxHosts = 1 << 20
	// maxLine bounds a line of it, in bytes: a dns.log line holds one response.
	maxLine = 1 << 20
)

// Hosts holds the names that a file gives to addresses. It is not changed once
// loaded.
type Hosts struct {
	told   map[toldKey]string // by client: dns.log says who asked
	called map[addr]lastNames // by anyone, and by a hosts file
	limit  int                // MaxHosts, less in tests
}

type toldKey struct{ client, server addr }

// lastNames are the names that an address was last given, the newest first.
type lastNames [MaxNames]string

// add puts a name first.
func (l *lastNames) add(name string) {
	at := 0
	for at < len(l)-1 && l[at] != name {
		at++
	}
	copy(l[1:at+1], l[:at])
	l[0] = name
}

// agreed returns what they have in common.
func (l *lastNames) agreed() (name string, ok bool) {
	n := 0
	for n < len(l) && l[n] != "" {
		n++
	}
	return common(l[:n])
}

// LoadHosts reads names for captures that hold no DNS. r is a hosts file ("ADDRESS
// NAME..." a line, # begins a comment), or a dns.log as Zeek writes it, as
// tab-separated values or as JSON Lines: the first line tells which. Of a hosts
// line the first name is taken, the others are its aliases.
//
// Where an address has several names, the last in the file for the client in
// question counts, else what the last MaxNames have in common, as in
// Store.Lookup. The error says on which line, counted from 1, the trouble is.
func LoadHosts(r io.Reader) (*Hosts, error) {
	return loadHosts(r, MaxHosts)
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

// lineReader adds what one line says to h.
type lineReader func(h *Hosts, line []byte) error

// readerOf tells the format by the first line.
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

// add keeps that server was called name; client is invalid if it is not known
// who was told.
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

// maxName is the longest name with dots that DNS can carry (RFC 1035, 2.3.4).
const maxName = 253

func (h *Hosts) lookup(client, server addr) (string, bool) {
	if name, ok := h.told[toldKey{client, server}]; ok {
		return name, true
	}
	l := h.called[server]
	return l.agreed()
}
