package report

import (
	"cmp"
	"net/netip"
	"path"
	"strings"
	"unicode/utf8"

	"tlsfloor/classify"
	"tlsfloor/classify/jsontext"
)

// identity tells clients apart: flagged flows are of one client if theirs are equal. It
// has no number or time of a process, no arguments, and nothing else that changes when
// the same program is started again, as cron does each minute. Texts are of local users;
// empty ones are not known.
type identity struct {
	address netip.Addr
	other   string // the address as an event has it, if it is none
	process program
	// software is what the hello shows, if the process does not name a program.
	software softwareName
}

// program is the program of a process.
type program struct {
	file      string // path
	name      string // in place of file, if that is not known: the end of the first argument
	script    string // that it runs
	user      string
	login     string // who logged in
	unit      string
	container string
	starter   string // what started it: see starterOf
}

// softwareName is the software that a client most likely is.
type softwareName struct{ name, version, library string }

// maxLocal bounds a text of an identity, in bytes. It loses its beginning: the end of a
// path says most.
const maxLocal = 256

// local bounds a text, which reads the same in an event.
func local(text string) string { return end(jsontext.LocalText(text), maxLocal) }

// end returns the end of a text, at most n bytes of whole characters, in memory of its
// own, so that the rest is freed.
func end(text string, n int) string {
	if len(text) <= n {
		return text
	}
	text = text[len(text)-n:]
	for len(text) > 0 && !utf8.RuneStart(text[0]) {
		text = text[1:]
	}
	return strings.Clone(text)
}

func identityOf(f *classify.Finding) identity {
	id := identity{address: f.Client.Addr().WithZone("")}
	if f.Process != nil {
		id.process = newProgram(f.Process)
	}
	if id.process.file == "" && id.process.name == "" {
		id.software = softwareNameOf(f.Software)
	}
	return id
}

func newProgram(p *classify.Process) program {
	id := program{
		file: local(p.Executable), user: local(p.User), login: local(p.LoginUser), container: local(p.Container),
		unit: lastingUnit(local(p.Unit), p.Container),
	}
	if id.file == "" {
		id.name = firstWord(p.CommandLine)
	}
	id.script, id.starter = starterOf(p)
	return id
}

// firstWord returns the end of the path in the first argument of a command line. A login
// shell has a hyphen before it.
func firstWord(line []string) string {
	if len(line) == 0 || line[0] == "" {
		return ""
	}
	return strings.TrimPrefix(path.Base(local(line[0])), "-")
}

// lastingUnit returns a systemd unit, without what is another at each start: the scope of
// a login is left out, as is the scope of the container, and the unit that systemd-run
// makes has no number.
func lastingUnit(unit, container string) string {
	switch {
	case container != "" && strings.Contains(unit, container):
		return ""
	case strings.HasPrefix(unit, "session-") && strings.HasSuffix(unit, ".scope"):
		return ""
	case strings.HasPrefix(unit, "run-") && strings.Trim(strings.TrimSuffix(unit[len("run-"):], path.Ext(unit)), "0123456789abcdefipru-") == "":
		return "run-*" + path.Ext(unit)
	}
	return unit
}

func softwareNameOf(s *classify.Software) softwareName {
	if s == nil {
		return softwareName{}
	}
	return softwareName{local(s.Name), local(s.Version), local(s.Library)}
}

// compare orders clients as people do: 10.0.0.2 comes before 10.0.0.10. Programs of this
// host come first, so that clients that somebody invents in packets do not displace them
// where room is short.
func (a identity) compare(b identity) int {
	if c := compareBool(b.process != program{}, a.process != program{}); c != 0 {
		return c
	}
	if c := compareBool(b.address.IsValid(), a.address.IsValid()); c != 0 {
		return c
	}
	if c := a.address.Compare(b.address); c != 0 {
		return c
	}
	if c := strings.Compare(a.other, b.other); c != 0 {
		return c
	}
	if c := a.process.compare(&b.process); c != 0 {
		return c
	}
	return a.software.compare(b.software)
}

func (a *program) compare(b *program) int {
	if *a == *b {
		return 0
	}
	return cmp.Or(strings.Compare(a.file, b.file), strings.Compare(a.name, b.name), strings.Compare(a.script, b.script), strings.Compare(a.user, b.user),
		strings.Compare(a.login, b.login), strings.Compare(a.unit, b.unit), strings.Compare(a.container, b.container), strings.Compare(a.starter, b.starter))
}

func (a softwareName) compare(b softwareName) int {
	if a == b {
		return 0
	}
	return cmp.Or(strings.Compare(a.name, b.name), strings.Compare(a.version, b.version), strings.Compare(a.library, b.library))
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}
