package names

import "strings"

// candidates holds the names that one address was last called by, the newest
// first. Of a thousand, the last MaxNames are as good a sample as any.
type candidates [MaxNames]entry

// learn puts a name first. It shares its string with the entry that had it.
func (c *candidates) learn(name *heldName, e entry) {
	at := 0
	for at < len(c)-1 && !name.is(c[at].name) {
		at++
	}
	if e.name = c[at].name; !name.is(e.name) {
		e.name = name.string()
	}
	copy(c[1:at+1], c[:at])
	c[0] = e
}

// agreed returns what the names that are still believed have in common.
func (c *candidates) agreed(now int64) (name string, ok bool) {
	var alive [MaxNames]string
	n := 0
	for _, e := range c {
		if e.name != "" && now <= e.expires {
			alive[n] = e.name
			n++
		}
	}
	return common(alive[:n])
}

// common returns the one name that all are, or "*." and the longest suffix of
// two labels or more under which all stand.
func common(names []string) (name string, ok bool) {
	if len(names) == 0 {
		return "", false
	}
	same, suffix := true, names[0]
	for _, n := range names[1:] {
		same = same && n == names[0]
		suffix = commonSuffix(suffix, n)
	}
	if same {
		return names[0], true
	}
	for _, n := range names { // a name does not stand under itself
		if n == suffix {
			_, suffix, _ = strings.Cut(suffix, ".")
			break
		}
	}
	if strings.IndexByte(suffix, '.') <= 0 {
		return "", false
	}
	return "*." + suffix, true
}

// commonSuffix returns the longest suffix of whole labels that a and b share.
func commonSuffix(a, b string) string {
	n := 0
	for n < len(a) && n < len(b) && a[len(a)-1-n] == b[len(b)-1-n] {
		n++
	}
	if wholeLabels(a, n) && wholeLabels(b, n) {
		return a[len(a)-n:]
	}
	_, suffix, _ := strings.Cut(a[len(a)-n:], ".")
	return suffix
}

// wholeLabels reports whether a label begins n bytes before the end of name.
func wholeLabels(name string, n int) bool {
	return n == len(name) || name[len(name)-n-1] == '.'
}
