package client

import (
	_ "embed"
	"fmt"
	"iter"
	"strings"

	"tlsfloor/classify"
)

//go:embed data/hellos.tsv
var hellosTSV string

//go:embed data/fingerprints.tsv
var fingerprintsTSV string

// The tables. They are read-only.
var (
	helloRows    = must(readHellos(hellosTSV))
	fingerprints = must(readFingerprints(fingerprintsTSV))
)

// row describes the hellos of one software. The first row that fits counts.
type row struct {
	software *classify.Software
	with     facts
	without  facts
	lists    [listCount]*pattern
	origin   string
}

func (r *row) fits(t *traits) bool {
	if t.facts&r.with != r.with || t.facts&r.without != 0 {
		return false
	}
	for i, p := range r.lists {
		if !p.may(t.sets[i], len(t.lists[i])) {
			return false
		}
	}
	for i, p := range r.lists {
		if !p.fits(t.lists[i]) {
			return false
		}
	}
	return true
}

// Columns of hellos.tsv.
const (
	colID = iota
	colVersion
	colLibrary
	colConfidence
	colExtensions
	colGroups
	colCiphers
	colSignatures
	colFacts
	colOrigin
	helloColumns
)

func readHellos(text string) (rows []row, err error) {
	for number, cells := range table(text) {
		if len(cells) != helloColumns {
			return nil, fmt.Errorf("hellos.tsv, row %d: %d columns, want %d", number, len(cells), helloColumns)
		}
		r, err := readHello(cells)
		if err != nil {
			return nil, fmt.Errorf("hellos.tsv, row %d: %w", number, err)
		}
		rows = append(rows, r)
	}
	return rows, nil
}

func readHello(cells []string) (r row, err error) {
	r.origin = cells[colOrigin]
	var because []string
	for i := range r.lists {
		if r.lists[i], err = parsePattern(cells[colExtensions+i]); err != nil {
			return r, err
		}
		if r.lists[i] != nil {
			because = append(because, listEvidence[i])
		}
	}
	if because, err = r.readFacts(cells[colFacts], because); err != nil {
		return r, err
	}
	r.software, err = newSoftware(cells[:colExtensions], because)
	return r, err
}

var factNames = map[string]struct {
	fact     facts
	evidence string
}{
	"grease":   {grease, "hello.grease"},
	"sslv2":    {sslv2, "hello.sslv2_format"},
	"record12": {record12, "hello.record_version"},
}

// readFacts reads "record12 !grease". Facts that have to be true are added to the
// evidence.
func (r *row) readFacts(text string, because []string) ([]string, error) {
	for _, token := range strings.Fields(text) {
		name, absent := strings.CutPrefix(token, "!")
		f, known := factNames[name]
		switch {
		case !known:
			return nil, fmt.Errorf("fact %q is not known", token)
		case absent:
			r.without |= f.fact
		default:
			r.with |= f.fact
			because = append(because, f.evidence)
		}
	}
	return because, nil
}

// newSoftware makes the Software of a row from its first cells: id, version, library,
// confidence.
func newSoftware(cells, because []string) (*classify.Software, error) {
	name, known := softwareNames[cells[colID]]
	if !known {
		return nil, fmt.Errorf("software %q is not known", cells[colID])
	}
	s := &classify.Software{ID: cells[colID], Name: name, Version: cells[colVersion], Library: cells[colLibrary], Because: because}
	switch cells[colConfidence] {
	case "low":
		s.Confidence = classify.Low
	case "medium":
		s.Confidence = classify.Medium
	default: // a hello never gives high confidence
		return nil, fmt.Errorf("confidence %q", cells[colConfidence])
	}
	return s, nil
}

// readFingerprints returns the software by JA3 or JA4.
func readFingerprints(text string) (map[string]*classify.Software, error) {
	found := make(map[string]*classify.Software)
	for number, cells := range table(text) {
		if len(cells) != colExtensions+2 {
			return nil, fmt.Errorf("fingerprints.tsv, row %d: %d columns", number, len(cells))
		}
		s, err := newSoftware(cells, []string{kindOf(cells[colExtensions])})
		if err != nil {
			return nil, fmt.Errorf("fingerprints.tsv, row %d: %w", number, err)
		}
		if found[cells[colExtensions]] != nil {
			return nil, fmt.Errorf("fingerprints.tsv, row %d: a second row of %s", number, cells[colExtensions])
		}
		found[cells[colExtensions]] = s
	}
	return found, nil
}

// kindOf tells a JA3, an MD5 in hexadecimal, from a JA4.
func kindOf(fingerprint string) string {
	if len(fingerprint) == 32 {
		return "ja3"
	}
	return "ja4"
}

// table yields the rows of tab-separated text with the numbers of their lines, without
// comments and the line of column names.
func table(text string) iter.Seq2[int, []string] {
	return func(yield func(int, []string) bool) {
		named := false
		for i, line := range strings.Split(text, "\n") {
			switch {
			case line == "" || line[0] == '#':
			case !named:
				named = true
			case !yield(i+1, strings.Split(line, "\t")):
				return
			}
		}
	}
}

// must panics at an error in an embedded table, which is a defect of the build.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
