package emit

// appendArray appends an array, or nothing when elements appends none.
func appendArray(dst []byte, key string, elements func([]byte) []byte) []byte {
	start := len(dst)
	dst = append(appendKey(dst, key), '[')
	open := len(dst)
	if dst = elements(dst); len(dst) == open {
		return dst[:start]
	}
	return append(dst, ']')
}

// appendComma separates an element from the one before it.
func appendComma(dst []byte) []byte {
	if dst[len(dst)-1] == '[' {
		return dst
	}
	return append(dst, ',')
}

// appendWordElement appends one of our own words to an array, unless it is
// empty.
func appendWordElement(dst []byte, word string) []byte {
	if word == "" {
		return dst
	}
	return append(append(append(appendComma(dst), '"'), word...), '"')
}
