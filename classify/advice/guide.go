package advice

import (
	"embed"
	"errors"
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
	Today    string    // the present state, and since when; may be empty
	Steps    []step    // what to do, in this order
	Question string    // what tells the programs of Leads apart; empty without Leads
	Leads    []lead    // guides that say more
	Checked  time.Time // the day on which its statements were compared with Sources
	Sources  []source  // what its statements are from, at least one

	sinces    []since    // the highest version first
	arguments []argument // in the order of the file
	noHello   string     // the summary when the capture has no ClientHello; may be empty
}

// step is one thing to do.
type step struct {
	Text     string   // one paragraph
	Commands []string // each in one line; may be empty
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

// parse reads a guide: fields, one in each line; an empty line; and the steps. A step is
// a paragraph that begins with "- ", and its further lines with two spaces. A command
// begins with four spaces and a dollar sign.
func parse(id, text string) (*Guide, error) {
	head, steps, ok := strings.Cut(text, "\n\n")
	if !ok {
		return nil, errors.New("there are no steps")
	}
	g := &Guide{ID: id}
	for line := range strings.SplitSeq(head, "\n") {
		if err := g.field(line); err != nil {
			return nil, err
		}
	}
	if err := g.parseSteps(steps); err != nil {
		return nil, err
	}
	switch {
	case g.Title == "" || g.Summary == "" || len(g.Steps) == 0:
		return nil, errors.New("title, summary or steps are missing")
	case g.Checked.IsZero() || len(g.Sources) == 0:
		return nil, errors.New("checked or source is missing")
	case (g.Question == "") != (len(g.Leads) == 0):
		return nil, errors.New("question and leads need each other")
	}
	return g, nil
}

func (g *Guide) field(line string) (err error) {
	name, value, ok := strings.Cut(line, ": ")
	if !ok {
		return fmt.Errorf("%q is not a field", line)
	}
	switch name {
	case "title":
		g.Title = value
	case "summary":
		g.Summary = value
	case "software":
		g.Software = strings.Fields(value)
	case "services":
		g.Services = strings.Fields(value)
	case "apis":
		g.APIs = strings.Fields(value)
	case "destinations":
		g.Targets = strings.Fields(value)
	case "today":
		g.Today = value
	case "no-hello":
		g.noHello = value
	case "question":
		g.Question = value
	case "checked":
		g.Checked, err = time.Parse(time.DateOnly, value)
	default:
		return g.pair(name, value)
	}
	return err
}

// pair reads a field that a guide may have several times.
func (g *Guide) pair(name, value string) error {
	if name == "source" {
		title, url, _ := strings.Cut(value, " https://")
		if url != "" {
			url = "https://" + url
		}
		g.Sources = append(g.Sources, source{strings.TrimSuffix(title, ","), url})
		return nil
	}
	first, second, ok := strings.Cut(value, ": ")
	switch {
	case !ok:
		return fmt.Errorf("%q has one part only", value)
	case name == "lead":
		g.Leads = append(g.Leads, lead{first, second})
	case name == "since":
		g.sinces = append(g.sinces, since{first, second})
	case name == "argument":
		g.arguments = append(g.arguments, argument{strings.Fields(first), second})
	default:
		return fmt.Errorf("there is no field %q", name)
	}
	return nil
}

func (g *Guide) parseSteps(text string) error {
	for line := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		last := len(g.Steps) - 1
		switch {
		case strings.HasPrefix(line, "- "):
			g.Steps = append(g.Steps, step{Text: line[2:]})
		case last < 0:
			return fmt.Errorf("%q is before the first step", line)
		case strings.HasPrefix(line, "    $ "):
			g.Steps[last].Commands = append(g.Steps[last].Commands, line[6:])
		case strings.HasPrefix(line, "  ") && len(g.Steps[last].Commands) == 0:
			g.Steps[last].Text += " " + line[2:]
		default:
			return fmt.Errorf("%q is neither step nor command", line)
		}
	}
	return nil
}
