package advice

import (
	"embed"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Guide tells what to do about one kind of client or server. It is read-only.
type Guide struct {
	ID       string
	Title    string
	Summary  string    // one sentence: what to change
	Software []string  // ids of classify/client that it is for
	Services []string  // services of classify/aws whose resources it is for
	APIs     []string  // services of classify/aws whose API endpoints it is for
	Targets  []string  // services of classify/aws: for clients of them whose software is not known
	StartTLS []string  // protocols before TLS: for clients that speak them whose software is not known
	Programs []string  // names of executables that it is for, unless their software is known
	Today    string    // the present state, and since when; may be empty
	Steps    []step    // what to do, in this order
	Question string    // what tells the programs of Leads apart; empty without Leads
	Leads    []lead    // guides that say more
	Proof    string    // what tlsfloor shows when the change has worked
	Checked  time.Time // the day on which its statements were compared with Sources
	Sources  []source  // what its statements are from, at least one

	sinces    []since    // the highest version first
	arguments []argument // in the order of the file
	variables []named    // in the order of the file
	protocols []named    // in the order of the file
	noHello   string     // the summary when the capture has no ClientHello; may be empty
}

// step is one thing to do.
type step struct {
	Text     string    // one paragraph
	Commands []command // may be empty
}

// command is what to type, or a setting.
type command struct {
	Lines []string // not to be wrapped
	// Prints is what it prints, which a test proves: text, in which "..." stands for
	// any rest of the line, and in a line of its own for any lines. Empty: that depends.
	Prints []string
}

// lead leads on to a guide that says more.
type lead struct {
	Guide string // its id
	When  string // the answer to the question
}

// source is a page or a public thread.
type source struct {
	Name string
	URL  string // may be empty
}

// since is the summary for software from a version on.
type since struct {
	version, summary string
}

// argument is the summary for a command line with these words, one behind the other. An
// asterisk at the end of a word stands for any rest.
type argument struct {
	words   []string
	summary string
}

// named is the summary for clients that have this variable in their environment, or that
// speak this protocol before TLS.
type named struct {
	name, summary string
}

//go:embed guides/*.txt
var files embed.FS

// library has all guides.
type library struct {
	guides    []*Guide // by id
	byID      map[string]*Guide
	bySoft    map[string]*entry
	byService map[string]*entry
	byAPI     map[string]*entry
	byTarget  map[string]*entry

	byStartTLS map[string]*entry
	byProgram  map[string]*entry
}

// read reads the embedded guides. A test checks that they can be read.
var read = sync.OnceValues(func() (*library, error) {
	texts, err := embedded()
	if err != nil {
		return nil, err
	}
	guides, err := readAll(texts)
	if err != nil {
		return nil, err
	}
	return newLibrary(guides)
})

// guides returns the guides. It panics when an embedded guide cannot be read, which is a
// defect of the build.
func guides() *library {
	l, err := read()
	if err != nil {
		panic(err)
	}
	return l
}

// All returns the guides in the order of their ids. The slice is read-only.
func All() []*Guide { return guides().guides }

// Mentions reports whether a command of the guide has a word.
func (g *Guide) Mentions(word string) bool {
	for _, s := range g.Steps {
		for _, c := range s.Commands {
			if strings.Contains(strings.Join(c.Lines, "\n"), word) {
				return true
			}
		}
	}
	return false
}

// Prints reports whether the guide says of a command what it prints.
func (g *Guide) Prints() bool {
	for _, s := range g.Steps {
		for _, c := range s.Commands {
			if c.Prints != nil {
				return true
			}
		}
	}
	return false
}

// Lookup returns the guide with an id.
func Lookup(id string) (g *Guide, ok bool) {
	g, ok = guides().byID[id]
	return g, ok
}

// text is the file of a guide.
type text struct{ id, body string }

func embedded() (texts []text, err error) {
	entries, err := files.ReadDir("guides")
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		body, err := files.ReadFile("guides/" + e.Name())
		if err != nil {
			return nil, err
		}
		texts = append(texts, text{strings.TrimSuffix(e.Name(), ".txt"), string(body)})
	}
	return texts, nil
}

func readAll(texts []text) ([]*Guide, error) {
	var all []*Guide
	for _, t := range texts {
		g, err := parse(t.id, t.body)
		if err != nil {
			return nil, fmt.Errorf("guide %s: %w", t.id, err)
		}
		all = append(all, g)
	}
	slices.SortFunc(all, func(a, b *Guide) int { return strings.Compare(a.ID, b.ID) })
	return all, nil
}
