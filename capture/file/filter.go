package file

import (
	"fmt"

	"tlsfloor/capture"
	"tlsfloor/capture/pcap"
)

// compiled is the expression for one link type.
type compiled struct {
	matcher capture.Matcher
	err     error
	// told are the sources whose user knows about err.
	told map[string]bool
}

// prepare compiles the expression for a link type. The snapshot length is not
// a file's own: it decides only how much of a frame that matches is kept, and
// all of it is.
func (s *Source) prepare(link capture.LinkType) compiled {
	if s.options.Filter == nil {
		return compiled{}
	}
	c, ok := s.matchers[link]
	if !ok {
		c.matcher, c.err = s.options.Filter(link, pcap.MaxCaptured)
		if c.err != nil {
			c.told = map[string]bool{}
		}
		s.matchers[link] = c
	}
	return c
}

// filter reports whether f is to be delivered, and counts it. That the
// expression makes no sense for frames of this type is said once a source, and
// they are passed over.
func (s *Source) filter(f *capture.Frame) (bool, error) {
	if s.matcher == nil || f.Link != s.matchLink {
		c := s.prepare(f.Link)
		if c.err != nil {
			s.stats.Filtered++
			return false, c.tell(f)
		}
		s.matcher, s.matchLink = c.matcher, f.Link
	}
	if !s.matcher.Matches(f.Data, f.Length) {
		s.stats.Filtered++
		return false, nil
	}
	s.count(f)
	return true, nil
}

func (c *compiled) tell(f *capture.Frame) error {
	if c.told[f.Source] {
		return nil
	}
	c.told[f.Source] = true
	return inputError(f.Source, fmt.Errorf("the expression cannot be used with %s: %w", f.Link, c.err))
}
