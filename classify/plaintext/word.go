package plaintext

import "tlsfloor/classify/jsontext"

// AppendWord appends a text of this machine: as it is if it is a word (letters, digits and
// a few signs), else as a JSON string.
func AppendWord(dst []byte, text string) []byte {
	if isBare(text, false) {
		return append(dst, text...)
	}
	return jsontext.AppendQuoted(dst, text)
}

// AppendWireWord appends a text off the network, as AppendWord does. Each byte that is not
// printable ASCII is written as the code point of its number.
func AppendWireWord(dst []byte, text string) []byte {
	if isBare(text, false) {
		return append(dst, text...)
	}
	return jsontext.AppendQuotedWire(dst, text)
}

// AppendPhrase appends a text of this machine: as it is if it is words with single spaces
// between them, else as a JSON string.
func AppendPhrase(dst []byte, text string) []byte {
	if isBare(text, true) {
		return append(dst, text...)
	}
	return jsontext.AppendQuoted(dst, text)
}

// AppendSentence appends a text of ours, which may end a line: as it is if it is printable
// ASCII, else as a JSON string.
func AppendSentence(dst []byte, text string) []byte {
	for i := 0; i < len(text); i++ {
		if text[i] < ' ' || text[i] > '~' {
			return jsontext.AppendQuoted(dst, text)
		}
	}
	return append(dst, text...)
}

// isBare reports whether a text cannot be taken for anything else in a line.
func isBare(text string, phrase bool) bool {
	for i := 0; i < len(text); i++ {
		if c := text[i]; !bare[c] && !(phrase && c == ' ' && i > 0 && i < len(text)-1 && text[i-1] != ' ') {
			return false
		}
	}
	return text != ""
}

// bare are the bytes of a word. A comma, a colon or a bracket would end a part of a line.
var bare = func() (table [256]bool) {
	for c := '0'; c <= '9'; c++ {
		table[c] = true
	}
	for c := 'a'; c <= 'z'; c++ {
		table[c], table[c-'a'+'A'] = true, true
	}
	for _, c := range "-._/+@~%#*" {
		table[c] = true
	}
	return table
}()
