package starttls

import (
	"bytes"

	"tlsfloor/parse/upgrade"
	"tlsfloor/parse/upgrade/text"
)

// line reads one line, and rules out the protocols that do not have it.
func (p *Preamble) line(s side, data []byte) Step {
	d := &p.dirs[s]
	line, size := text.ReadLine(&d.State, data, text.MaxLine)
	switch {
	case bytes.IndexByte(line, 0) >= 0 && p.lines == 0:
		return p.becomeUnknown(s)
	case bytes.IndexByte(line, 0) >= 0:
		return p.foreign(s)
	case size == 0:
		return d.wait(0)
	}
	first := p.lines == 0
	from, ok := p.applyLine(s, text.Cut(line))
	switch {
	case !ok && first:
		return p.becomeUnknown(from)
	case !ok && text.CarriesContent(line):
		return p.end(from)
	case !ok:
		return p.foreign(from)
	}
	return p.dirs[from].took(size)
}

// applyLine acts on a line, and returns the side that sent it: the first line may
// show that the sides are the other way round. It returns false when no protocol
// that is left has such a line.
func (p *Preamble) applyLine(s side, l text.Line) (side, bool) {
	before := p.lines
	fits, e := before.Match(s, &p.dirs[s].State, l)
	if fits == 0 && !p.settled {
		if fits, e = before.Match(1-s, &p.dirs[1-s].State, l); fits != 0 && p.swap() {
			s = 1 - s
		}
	}
	if fits == 0 {
		return s, false
	}
	p.lines, p.settled = fits, true
	p.note(e)
	d := &p.dirs[s]
	d.Ready = e.Has(upgrade.Ready)
	text.Follow(&d.State, l)
	d.expectLiteral(fits, l.Text)
	return s, true
}

// expectLiteral looks for the length of a literal at the end of a line.
func (d *direction) expectLiteral(lines text.Set, line []byte) {
	n, is := text.Literal(lines, line)
	if d.literal = is; is {
		d.skip = n
	}
}

// afterLiteral consumes the rest of a line, behind a literal. It is no message
// boundary.
func (p *Preamble) afterLiteral(s side, data []byte) Step {
	d := &p.dirs[s]
	line, size := text.ReadLine(&d.State, data, text.MaxLine)
	if size == 0 {
		return d.wait(0)
	}
	d.expectLiteral(p.lines, line)
	r := d.took(size)
	d.account(r, false)
	return r
}

// passLine consumes the rest of a line that is too long to read; left is the bound.
func (d *direction) passLine(data []byte, left int) Step {
	n := min(len(data), left)
	if i := bytes.IndexByte(data[:n], '\n'); i >= 0 {
		n = i + 1
		d.Midline = false
	}
	d.consumed += uint32(n)
	return Step{Consumed: n, Status: d.status}
}
