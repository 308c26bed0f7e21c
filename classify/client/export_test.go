package client

import (
	"tlsfloor/classify"
	"tlsfloor/parse"
)

// MaxMemo is the bound of the memo.
const MaxMemo = maxMemo

// ByTraits names the software without the fingerprints.
func (i *Identifier) ByTraits(h *parse.ClientHello, record parse.Version) *classify.Software {
	return i.byTraits(h, memoKey{facts: factsOf(h, record)})
}

// Remembered is how many kinds of hello i remembers.
func (i *Identifier) Remembered() int { return len(i.memo) }
