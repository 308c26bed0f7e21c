// Package ship delivers native events from a journal, or from other files, to outputs.
// The journal is the queue: each output has a cursor in it, which moves when the far end
// has acknowledged what is before it, so that a far end that is away costs no memory, and
// the end of the process no event.
package ship
