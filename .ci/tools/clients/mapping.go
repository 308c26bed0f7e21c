package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// program is a line of the mapping.
type program struct {
	process   string
	libraries []string // empty: excluded
	why       string
}

// mapping is what is known of programs; the first line that fits a process counts.
type mapping []program

// aliases stand for several families.
var aliases = map[string][]string{"apple": {"securetransport", "boringssl"}}

func readMapping(name string) (m mapping, err error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	named := false
	for number, line := range strings.Split(string(data), "\n") {
		switch cells := strings.Split(line, "\t"); {
		case line == "" || line[0] == '#':
		case len(cells) != 4:
			return nil, fmt.Errorf("%s:%d: %d columns, want 4", name, number+1, len(cells))
		case !named:
			named = true
		default:
			m = append(m, program{cells[0], families(cells[1]), cells[3]})
		}
	}
	return m, nil
}

func families(cell string) (list []string) {
	if cell == "-" {
		return nil
	}
	for _, word := range strings.Fields(cell) {
		if all, ok := aliases[word]; ok {
			list = append(list, all...)
			continue
		}
		list = append(list, word)
	}
	return list
}

// find returns the line of a process; nil: there is none.
func (m mapping) find(process string) *program {
	for i := range m {
		name, open := strings.CutSuffix(m[i].process, "*")
		if process == name || open && strings.HasPrefix(process, name) {
			return &m[i]
		}
	}
	return nil
}

// truth is what is known of a kind of hello.
type truth struct {
	libraries []string // empty: nothing
	excluded  string   // why
	senders   []sender // those of which the library is known
}

// truth returns what all known senders have in common. A library is also known if those
// that have another one opened less than a tenth of the flows.
func (m mapping) truth(k *kind) truth {
	byLibraries, known, total := map[string]float64{}, []sender(nil), 0.0
	excluded := "the program is not known"
	for _, s := range k.senders {
		switch p := m.find(s.process); {
		case p == nil:
		case len(p.libraries) == 0:
			excluded = p.why
		default:
			known, total = append(known, s), total+s.flows
			byLibraries[strings.Join(p.libraries, " ")] += s.flows
		}
	}
	switch {
	case k.cut:
		return truth{excluded: "cut off in the list"}
	case len(known) == 0:
		return truth{excluded: excluded}
	case total < k.flows()/2: // a flow is now and then put down to another process
		return truth{excluded: "most flows are of programs that are left out"}
	}
	for list, flows := range byLibraries {
		if flows > 0.9*total {
			return truth{libraries: strings.Fields(list), senders: known}
		}
	}
	if common := m.common(known); len(common) > 0 {
		return truth{libraries: common, senders: known}
	}
	return truth{excluded: "programs of several libraries"}
}

// common returns the libraries that all senders have.
func (m mapping) common(senders []sender) []string {
	list := slices.Clone(m.find(senders[0].process).libraries)
	for _, s := range senders[1:] {
		libraries := m.find(s.process).libraries
		list = slices.DeleteFunc(list, func(l string) bool { return !slices.Contains(libraries, l) })
	}
	return list
}
