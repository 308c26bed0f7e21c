package aws

import "strings"

// withoutRoot cuts one trailing dot.
func withoutRoot(host string) string {
	if n := len(host); n > 0 && host[n-1] == '.' {
		return host[:n-1]
	}
	return host
}

// cutLast cuts the last label off. left is empty when there was only one.
func cutLast(labels string) (left, last string) {
	if i := strings.LastIndexByte(labels, '.'); i >= 0 {
		return labels[:i], labels[i+1:]
	}
	return "", labels
}

// equalFold reports whether s, with ASCII letters in lower case, is low. They
// are of one length. (strings.EqualFold would take U+212A for a k.)
func equalFold(s, low string) bool {
	for i := range len(s) {
		if lower(s[i]) != low[i] {
			return false
		}
	}
	return true
}

// lowerCase folds ASCII only: strings.ToLower would replace bytes that are not
// UTF-8, and the name is to stay what it was on the wire.
func lowerCase(s string) string {
	for i := range len(s) {
		if isUpper(s[i]) {
			return lowered(s)
		}
	}
	return s
}

func lowered(s string) string {
	b := []byte(s)
	for i, c := range b {
		b[i] = lower(c)
	}
	return string(b)
}

func lower(c byte) byte {
	if isUpper(c) {
		return c + 'a' - 'A'
	}
	return c
}

func isUpper(c byte) bool { return 'A' <= c && c <= 'Z' }
