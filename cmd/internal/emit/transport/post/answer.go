package post

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"tlsfloor/cmd/internal/emit/transport"
)

// answer is a response that was read.
type answer struct {
	status int
	after  time.Duration
	body   []byte
}

func (a *answer) failure(class transport.Class) error {
	err := fmt.Errorf("the server says %d %s%s", a.status, http.StatusText(a.status), quote(a.body))
	return &transport.Failure{Err: err, Class: class, After: a.after}
}

// maxQuote bounds what is shown of a server's own words, in bytes.
const maxQuote = 200

// quote shows the beginning of text as one line of printable ASCII.
func quote(text []byte) string {
	if len(text) > maxQuote {
		text = text[:maxQuote]
	}
	words := strings.FieldsFunc(string(text), func(r rune) bool { return r <= ' ' || r > '~' })
	if len(words) == 0 {
		return ""
	}
	return ": " + strings.Join(words, " ")
}

// retryAfter reads Retry-After (RFC 9110, 10.2.3): seconds, or a date.
func retryAfter(h http.Header) time.Duration {
	text := h.Get("Retry-After")
	if text == "" {
		return 0
	}
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return min(time.Duration(seconds)*time.Second, longestWait)
	}
	date, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	return min(max(time.Until(date), 0), longestWait)
}
