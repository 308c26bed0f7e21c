package main

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// minProgress is the size in bytes from which progress is shown. Smaller captures take
// less than a second.
const minProgress = 64 << 20

// progress shows on a terminal how much of large captures was read. A nil progress shows
// nothing.
type progress struct {
	*messages
	of   func() (done, total int64) // bytes
	last time.Time

	mu    sync.Mutex // held while the line is drawn or removed
	shown bool
}

// show redraws the line, four times a second.
func (p *progress) show() {
	if p == nil || time.Since(p.last) < time.Second/4 {
		return
	}
	p.last = time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	if done, total := p.of(); total >= minProgress {
		p.shown = true
		fmt.Fprintf(p.w, "\r\x1b[Kreading: %d%% of %d MB", done*100/total, total>>20)
	}
}

// clear removes the line, before a message is written.
func (p *progress) clear() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clearLocked()
}

func (p *progress) clearLocked() {
	if p.shown {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.shown = false
	}
}

// below returns a writer to the same terminal, which removes the line before it writes.
func (p *progress) below(to io.Writer) io.Writer {
	if p == nil || !isTerminal(to) {
		return to
	}
	return &belowProgress{p, to}
}

type belowProgress struct {
	progress *progress
	to       io.Writer
}

func (b *belowProgress) Write(text []byte) (int, error) {
	b.progress.mu.Lock()
	defer b.progress.mu.Unlock()
	b.progress.clearLocked()
	return b.to.Write(text)
}
