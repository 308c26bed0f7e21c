package sink

import (
	"tlsfloor/classify"
	"tlsfloor/classify/event"
	"tlsfloor/cmd/internal/emit/transport"
)

// item is an event before it is encoded: one of the two is set.
type item struct {
	finding *classify.Finding
	stats   *event.Stats
}

// append encodes the event.
func (e item) append(dst []byte, f event.Format) []byte {
	if e.finding != nil {
		return f.AppendFinding(dst, e.finding)
	}
	return f.AppendStats(dst, e.stats)
}

func (e item) mark() transport.Mark {
	if e.finding == nil {
		return transport.Mark{Time: e.stats.Time, Kind: transport.Stats, Severity: transport.Informational}
	}
	return transport.Mark{Time: e.finding.Time, Kind: transport.Handshake, Severity: severity(e.finding)}
}

func severity(f *classify.Finding) transport.Severity {
	switch {
	case f.Flagged && f.Verdict == classify.Violation:
		return transport.Warning
	case f.Flagged:
		return transport.Notice
	}
	return transport.Informational
}
