package main

import (
	"fmt"
	"time"
)

// progressAfter is how many bytes captures must have before their reading is
// shown: smaller ones are done before anyone looks.
const progressAfter = 64 << 20

// progress shows how much of large captures was read, on a terminal only. A
// nil progress shows nothing.
type progress struct {
	*messages
	of    func() (done, total int64) // bytes
	last  time.Time
	shown bool
}

// show redraws the line, four times a second.
func (p *progress) show() {
	if p == nil || time.Since(p.last) < time.Second/4 {
		return
	}
	p.last = time.Now()
	if done, total := p.of(); total >= progressAfter {
		p.shown = true
		fmt.Fprintf(p.w, "\r\x1b[Kreading: %d%% of %d MB", done*100/total, total>>20)
	}
}

// clear makes room for another line.
func (p *progress) clear() {
	if p != nil && p.shown {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.shown = false
	}
}
