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
	// reported are the sources for which Next returned err.
	reported map[string]bool
}

// prepare compiles the expression for a link type. The snapshot length decides only
// how much of a matching frame is kept: the longest is used, so that all of it is.
func (s *Source) prepare(link capture.LinkType) compiled {
	if s.options.Filter == nil {
		return compiled{}
	}
	c, ok := s.matchers[link]
	if !ok {
		c.matcher, c.err = s.options.Filter(link, pcap.MaxCaptured)
		if c.err != nil {
			c.reported = map[string]bool{}
		}
		s.matchers[link] = c
	}
	return c
}

// filter reports whether f is to be delivered, and counts it. Where the expression
// cannot be compiled for a link type, its frames are skipped, with one error for each
// source.
func (s *Source) filter(f *capture.Frame) (bool, error) {
	if s.matcher == nil || f.Link != s.matchLink {
		c := s.prepare(f.Link)
		if c.err != nil {
			s.stats.Filtered++
			return false, c.report(f)
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

func (c *compiled) report(f *capture.Frame) error {
	if c.reported[f.Source] {
		return nil
	}
	c.reported[f.Source] = true
	return inputError(f.Source, fmt.Errorf("the expression cannot be used with %s: %w", f.Link, c.err))
}
