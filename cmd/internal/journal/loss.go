package journal

import (
	"fmt"
	"strings"

	"tlsfloor/cmd/internal/wording"
)

// Loss is an error about events that cannot be read. Reading goes on behind it.
type Loss struct {
	// Events is how many are lost. It is exact as soon as the reader has come to a whole
	// line behind the damage, or to the next segment. At the end of what is written so far
	// it is the number of damaged lines. 0: none is known to be lost; what follows may
	// say more.
	Events uint64
	Bytes  int64  // that were skipped
	Why    string // in words for a person
	Path   string // of the segment
}

func (l *Loss) Error() string {
	var parts []string
	if l.Events > 0 {
		parts = append(parts, wording.Count(l.Events, "event*")+" lost")
	}
	if l.Bytes > 0 {
		parts = append(parts, wording.Count(uint64(l.Bytes), "byte*")+" skipped")
	}
	text := l.Path + ": " + l.Why
	if len(parts) == 0 {
		return text
	}
	return fmt.Sprintf("%s: %s", text, strings.Join(parts, ", "))
}

// What a Loss says.
const (
	whyDamaged = "damaged"
	whyForeign = "it does not begin with native events"
	whyTorn    = "its last line was cut short"
	whyGap     = "events before it were removed, or lost, before they were read"
	whyHole    = "events are missing in it"
	whyAnew    = "the journal was begun anew: reading all of it"
	whyGone    = "the file that was read is gone, or was compressed: reading the oldest there is"
	whyCut     = "it was cut while it was read: what it had is read only if there is a copy"
	whyMisfit  = "it is not the file that was read before: looking for the events that follow"
)
