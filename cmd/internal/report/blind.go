package report

import "tlsfloor/cmd/internal/blind"

// topSpots is how many blind spots a person is shown.
const topSpots = 10

// blind lists what could not be seen, each with what to do about it. Advice that
// several have in common is given once, behind the first.
func (p *page) blind(spots []blind.Spot) {
	if len(spots) == 0 {
		return
	}
	p.line("")
	p.line("%s", p.bold("Could not be seen")+":")
	p.line("")
	given := map[string]bool{}
	for i := range spots[:min(len(spots), topSpots)] {
		s := &spots[i]
		text, advice := s.Text()+".", s.Cause.Advice()
		if !given[advice] {
			text += " " + advice
		}
		given[advice] = true
		p.wrap(margin(digits(s.Count)), text)
	}
	if n := len(spots) - topSpots; n > 0 {
		p.wrap(margin(""), "And "+number(uint64(n), "more cause")+": --stats-every 1h writes them all.")
	}
}
