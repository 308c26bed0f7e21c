package transport

import "context"

// Transport carries lines to one far end. One goroutine delivers; Reopen may
// be called from another one at any time.
type Transport interface {
	// Check tries the far end without sending an event. An error of class
	// Misconfigured is one that waiting does not cure.
	Check(ctx context.Context) error

	// Deliver sends the lines of b that are not settled, in their order, and
	// settles each that the far end has, as far as the protocol tells. It
	// returns nil when all are settled. It returns soon after ctx ends, but
	// where the kernel keeps it in a write.
	//
	// A line that was sent and is not settled may be sent again: twice is
	// better than never.
	Deliver(ctx context.Context, b *Batch) error

	// Reopen opens files and reads secrets and certificates anew. After an
	// error it goes on with what it had.
	Reopen() error

	// Close gives up what is open. No Deliver is running, or one that never
	// returned.
	Close() error
}
