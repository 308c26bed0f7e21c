package event

import (
	"tlsfloor/classify"
	"tlsfloor/classify/jsontext"
)

// What several findings have in one event, and why one is not flagged, in native events.

// appendSeries appends how many findings the event stands for, and when the first and the
// last of them were.
func appendSeries(dst []byte, s *classify.Series) []byte {
	if s == nil {
		return dst
	}
	dst = jsontext.AppendNumber(dst, `"count":`, s.Count)
	return jsontext.AppendTime(jsontext.AppendTime(dst, `"first_seen":`, s.First), `"last_seen":`, s.Last)
}

func appendException(dst []byte, e *classify.Exception) []byte {
	if e == nil {
		return dst
	}
	dst = jsontext.AppendText(append(jsontext.AppendKey(dst, `"exception":`), '{'), `"owner":`, e.Owner)
	dst = jsontext.AppendText(dst, `"reason":`, e.Reason)
	return append(jsontext.AppendText(dst, `"until":`, e.Until), '}')
}

func readException(r *jsontext.Reader) *classify.Exception {
	if !r.Object() {
		return nil
	}
	e := new(classify.Exception)
	for r.Member() {
		switch string(r.Key()) {
		case "owner":
			e.Owner = r.Text()
		case "reason":
			e.Reason = r.Text()
		case "until":
			e.Until = r.Text()
		default:
			r.Skip()
		}
	}
	return e
}
