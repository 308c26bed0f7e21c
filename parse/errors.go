package parse

import (
	"errors"
	"strconv"
)

// ErrShort says that the bytes so far are well-formed, and more are needed.
var ErrShort = errors.New("parse: more bytes needed")

// ParseError says that bytes do not have the form they should have.
type ParseError struct {
	What   string // the field that is ill-formed, by its name in the RFC
	Offset int    // where it begins, in bytes from the start of what was parsed
}

func (e *ParseError) Error() string {
	return "parse: ill-formed " + e.What + " at byte " + strconv.Itoa(e.Offset)
}

// runsPast is the error of a field that does not fit into body; rest is what
// had not been read when it was met.
func runsPast(field string, body []byte, rest reader) error {
	return &ParseError{What: field, Offset: len(body) - len(rest)}
}
