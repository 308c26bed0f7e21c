package emit

import (
	"strings"
	"testing"
)

// What is too long to be remembered takes its place with nothing, whatever was
// there before: a client must not be given another's words.
func TestLongPhraseLeavesNothing(t *testing.T) {
	write := func(dst []byte, word string) []byte {
		for range word {
			dst = append(dst, word[0])
		}
		return dst
	}
	short, other, long := strings.Repeat("a", 100), strings.Repeat("b", 90), strings.Repeat("x", maxPhrase)
	p := newPhrases[string](1)
	for _, word := range []string{short, short, long, short, long, long, other, short, "", short} {
		if got := string(p.append([]byte("{"), word, write)); got != "{"+word {
			t.Errorf("%.20q: wrote %.20q", word, got)
		}
	}
}

func TestPhrasesAreSeparated(t *testing.T) {
	write := func(dst []byte, word string) []byte { return appendWord(dst, `"said":`, word) }
	p := newPhrases[string](16)
	dst := []byte("{")
	for _, word := range []string{"", "a", "", "a", "b"} {
		dst = p.append(dst, word, write)
	}
	if want := `{"said":"a","said":"a","said":"b"`; string(dst) != want {
		t.Errorf("got %s, want %s", dst, want)
	}
}
