// Package nearest finds the word that somebody most likely meant: of options, and of the
// keys in files that people write.
package nearest

import "strings"

// most is in how many letters a word may differ from what was typed.
const most = 2

// Of returns the one of words that was most likely meant, or "": one of which a beginning
// was typed, or that differs in two letters at most. Words of one or two letters are not
// found.
func Of(typed string, words []string) (near string) {
	best := most + 1
	for _, word := range words {
		distance := edits(typed, word)
		if len(typed) > most && strings.HasPrefix(word, typed) {
			distance = 0
		}
		if distance < best && len(word) > most {
			best, near = distance, word
		}
	}
	return near
}

// edits returns in how many letters two short texts differ (Levenshtein's distance), or a
// large number if the first one is too long to be meant for the other.
func edits(a, b string) int {
	if len(a) > len(b)+len(b)/2 {
		return len(a)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal, row[j+1] = row[j+1], min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
