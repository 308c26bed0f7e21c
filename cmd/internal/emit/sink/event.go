package sink

import (
	"tlsfloor/classify"
	"tlsfloor/cmd/internal/emit"
	"tlsfloor/cmd/internal/emit/transport"
)

// event is either of the two kinds.
type event struct {
	finding *classify.Finding
	stats   *emit.Stats
}

// append encodes the event.
func (e event) append(dst []byte, f emit.Format) []byte {
	if e.finding != nil {
		return f.AppendFinding(dst, e.finding)
	}
	return f.AppendStats(dst, e.stats)
}

func (e event) mark() transport.Mark {
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
