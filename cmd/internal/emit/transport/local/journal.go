package local

import (
	"context"
	"errors"

	"tlsfloor/cmd/internal/emit/transport"
	"tlsfloor/cmd/internal/journal"
)

// Journal delivers native events to a journal.
type Journal struct{ *journal.Writer }

// OpenJournal opens a journal, and creates it if needed.
func OpenJournal(o journal.Options) (*Journal, error) {
	w, err := journal.Create(o)
	if err != nil {
		return nil, err
	}
	return &Journal{w}, nil
}

// Check does nothing: OpenJournal has opened it.
func (j *Journal) Check(context.Context) error { return nil }

// appended is the most that is appended at once, in bytes. The journal takes all or
// nothing, and a disk that is nearly full has room for a little.
const appended = 32 << 10

// Deliver appends the pending lines. One that is larger than the journal is refused.
func (j *Journal) Deliver(ctx context.Context, b *transport.Batch) error {
	for i := b.Front(); i < b.Len(); i = b.Front() {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		end := i + 1
		for end < b.Len() && len(b.Lines(i, end+1)) <= appended {
			end++
		}
		err := j.Append(b.Lines(i, end), end-i)
		switch {
		case err == nil:
			b.AcknowledgeTo(end)
		case errors.Is(err, journal.ErrTooLarge) && end == i+1:
			b.Refuse(i)
		default:
			return err
		}
	}
	return nil
}

// Reopen does nothing: nobody else moves segments.
func (j *Journal) Reopen() error { return nil }
