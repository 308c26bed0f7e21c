package foreign

import (
	"encoding/json"
	"strconv"

	"tlsfloor/classify"
	"tlsfloor/classify/jsontext"
)

// What several findings have in one event, and why one is not flagged.

// ocsfSeries are the attributes of an aggregate of events, in every class.
type ocsfSeries struct {
	Count     uint64 `json:"count,omitempty"`
	StartTime int64  `json:"start_time,omitempty"` // milliseconds since the Unix epoch
	EndTime   int64  `json:"end_time,omitempty"`
}

func ocsfSeriesOf(s *classify.Series) ocsfSeries {
	if s == nil {
		return ocsfSeries{}
	}
	return ocsfSeries{s.Count, milliseconds(s.First), milliseconds(s.Last)}
}

func (m *eveMetadata) addSeries(s *classify.Series) {
	if s != nil {
		m.add("tlsfloor.count", strconv.FormatUint(s.Count, 10))
		m.add("tlsfloor.first_seen", jsontext.TimeText(s.First, "+0000"))
		m.add("tlsfloor.last_seen", jsontext.TimeText(s.Last, "+0000"))
	}
}

func (m *eveMetadata) addException(e *classify.Exception) {
	if e != nil {
		m.FlowBits = append(m.FlowBits, "tlsfloor.excepted")
		m.add("tlsfloor.exception_owner", jsontext.LocalText(e.Owner))
		m.add("tlsfloor.exception_reason", jsontext.LocalText(e.Reason))
		m.add("tlsfloor.exception_until", jsontext.LocalText(e.Until))
	}
}

type zeekException struct {
	Owner  string `json:"tlsfloor.exception_owner,omitempty"`
	Reason string `json:"tlsfloor.exception_reason,omitempty"`
	Until  string `json:"tlsfloor.exception_until,omitempty"`
}

func zeekExceptionOf(e *classify.Exception) zeekException {
	return zeekException{jsontext.LocalText(e.Owner), jsontext.LocalText(e.Reason), jsontext.LocalText(e.Until)}
}

type zeekSeries struct {
	Count     uint64      `json:"tlsfloor.count,omitempty"`
	FirstSeen json.Number `json:"tlsfloor.first_seen,omitempty"` // as ts
	LastSeen  json.Number `json:"tlsfloor.last_seen,omitempty"`
}
