package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"syscall"
)

// checkQuotes returns the sentences in the "text" blocks of a page that are not the
// program's.
func checkQuotes(page string, all []*message) (wrong []string, checked int) {
	q := newQuotable(all)
	for _, block := range textBlock.FindAllStringSubmatch(page, -1) {
		for _, item := range quoted(block[1]) {
			for _, s := range sentences(item) {
				if !strings.Contains(strings.ReplaceAll(s, ", ", ","), " ") { // names that the program has filled in
					continue
				}
				checked++
				if !q.has(s) && !q.has(leading.ReplaceAllString(s, "")) && !q.begins(s) && !ofSystem(s) {
					wrong = append(wrong, s)
				}
			}
		}
	}
	return wrong, checked
}

var (
	textBlock = regexp.MustCompile("(?s)```text\n(.*?)```")
	counted   = regexp.MustCompile(`^ *[0-9,]+  `)
	addressed = regexp.MustCompile(`^tlsfloor: `)
	leading   = regexp.MustCompile(`^[0-9,]+ `) // the program may add a count to a noun
)

// quoted returns the messages of a block, each on one line.
func quoted(block string) (items []string) {
	whole := true // the line before was a message, which has one line
	for line := range strings.Lines(block) {
		text := counted.ReplaceAllString(addressed.ReplaceAllString(line, ""), "")
		if text != line || whole || strings.TrimSpace(line) == "" {
			items = append(items, "")
		}
		whole = addressed.MatchString(line)
		items[len(items)-1] += " " + strings.TrimSpace(text)
	}
	return items
}

// begins reports whether the text begins with a sentence into which nothing is filled in.
func (q quotable) begins(text string) bool {
	for _, s := range q {
		if s.names == "" && s.literal >= 12 && strings.HasPrefix(text, s.text) {
			return true
		}
	}
	return false
}

// quotable holds the sentences of the program, against which quotes of it are checked.
type quotable []sentence

type sentence struct {
	text    string
	pattern *regexp.Regexp
	literal int    // how many letters of it are the program's
	words   int    // and how many words
	names   string // what the groups of the pattern are, a letter each: t or c (a cause)
}

func newQuotable(all []*message) (q quotable) {
	for _, m := range all {
		for _, s := range sentences(m.text) {
			q = append(q, newSentence(s))
		}
	}
	return q
}

var filled = regexp.MustCompile(`<(text|cause|number|time)>|%s|\*`)

// newSentence makes a pattern of a text: of <text> and the like, and of the asterisk and
// the %s that some texts have in their place.
func newSentence(text string) sentence {
	s := sentence{text: text}
	var b strings.Builder
	from := 0
	for _, at := range filled.FindAllStringIndex(text, -1) {
		b.WriteString(regexp.QuoteMeta(text[from:at[0]]))
		s.literal += letterCount(text[from:at[0]])
		switch text[at[0]:at[1]] {
		case "*":
			b.WriteString("s?")
		case "<number>":
			b.WriteString(`[0-9a-fx.,]+`)
		case "<cause>":
			b.WriteString("(.+)")
			s.names += "c"
		default:
			b.WriteString("(.*)")
			s.names += "t"
		}
		from = at[1]
	}
	b.WriteString(regexp.QuoteMeta(text[from:]))
	s.literal += letterCount(text[from:])
	s.words = len(strings.Fields(filled.ReplaceAllString(text, "")))
	s.pattern = regexp.MustCompile(`^` + b.String() + `$`)
	return s
}

func letterCount(s string) int {
	return len(regexp.MustCompile(`[A-Za-z]`).FindAllString(s, -1))
}

// sentences divides a text at the ends of sentences, without them.
func sentences(text string) (all []string) {
	for _, s := range regexp.MustCompile(`[.:;?]\s+|\n`).Split(strings.TrimSpace(text), -1) {
		if s = strings.TrimRight(strings.Join(strings.Fields(s), " "), ".:;"); letterCount(s) > 0 {
			all = append(all, s)
		}
	}
	return all
}

// has reports whether the program can write the text. What it fills in may be anything,
// but a cause has to be a text of the program, too, or one of the operating system.
func (q quotable) has(text string) bool {
	for _, s := range q {
		m := s.pattern.FindStringSubmatch(text)
		if m == nil || s.names != "" && s.literal < 6 && s.words < 2 {
			continue
		}
		whole := true
		for i, name := range s.names {
			whole = whole && (name == 't' || q.has(m[i+1]) || ofSystem(m[i+1]))
		}
		if whole {
			return true
		}
	}
	return false
}

// ofLibpcap are the errors of libpcap that pages quote.
var ofLibpcap = []string{"can't parse filter expression", "syntax error"}

// ofSystem reports whether a text is an error of the operating system, of libpcap, or of
// Go's library about names and files.
func ofSystem(text string) bool {
	if slices.Contains(ofLibpcap, text) {
		return true
	}
	for n := syscall.Errno(1); n < 140; n++ {
		if n.Error() == text {
			return true
		}
	}
	return text == os.ErrNotExist.Error()
}
