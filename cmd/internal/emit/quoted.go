package emit

// quoted is the text off the network that was written last, as it is written:
// the name of the destination stands three times in an event.
type quoted struct {
	of   string
	text []byte
}

// append appends a member, or nothing for an empty text.
func (q *quoted) append(dst []byte, key, text string) []byte {
	if text == "" {
		return dst
	}
	if text != q.of {
		q.of, q.text = text, appendBytes(q.text[:0], text)
	}
	return append(appendKey(dst, key), q.text...)
}
