package aws

import "strings"

// InScope reports whether host is a name below amazonaws.com or amazonaws.com.cn, with
// any number of labels, in any letter case, with or without a trailing dot. The bare
// suffixes are out of scope: no service answers there.
//
// host may be longer than a DNS name (RFC 1035, 2.3.4), because a client can send any
// name. InScope runs for every handshake, so it allocates nothing and reads the last
// 18 bytes only.
func InScope(host string) bool {
	host = withoutRoot(host)
	return under(host, ".amazonaws.com") || under(host, ".amazonaws.com.cn")
}

// InScopeAll reports whether host is an AWS name of any kind: below a suffix of one of
// the partitions (aws, aws-cn, aws-us-gov, aws-eusc and the isolated ones), below a
// dual-stack suffix such as api.aws, or below one for customers' resources such as
// cloudfront.net. Letter case, number of labels and the trailing dot are as in InScope.
func InScopeAll(host string) bool {
	return suffixOf(withoutRoot(host)) != nil
}

// suffixOf returns the longest suffix that host, without a trailing dot, is below. It
// compares at dots only: most names that are not AWS's have none where a suffix of
// AWS's would begin.
func suffixOf(host string) *suffix {
	for cut := max(len(host)-len(known.byLength)+1, 1); cut < len(host); cut++ {
		if host[cut] != '.' {
			continue
		}
		for _, s := range known.byLength[len(host)-cut] {
			if under(host, s.text) {
				return s
			}
		}
	}
	return nil
}

// under reports whether host ends in suffix, which begins with a dot and is in lower
// case, after a label that is not empty. It checks the dot first, which rules out most
// other names.
func under(host, suffix string) bool {
	cut := len(host) - len(suffix)
	if cut < 1 || host[cut] != '.' || host[cut-1] == '.' {
		return false
	}
	return host[cut:] == suffix || equalFold(host[cut:], suffix)
}

// withoutRoot removes one trailing dot.
func withoutRoot(host string) string {
	if n := len(host); n > 0 && host[n-1] == '.' {
		return host[:n-1]
	}
	return host
}

// cutLast splits off the last label. left is empty when there is only one.
func cutLast(labels string) (left, last string) {
	if i := strings.LastIndexByte(labels, '.'); i >= 0 {
		return labels[:i], labels[i+1:]
	}
	return "", labels
}

// equalFold reports whether s, with ASCII letters in lower case, equals low, which has
// the same length. (For strings.EqualFold, U+212A equals k.)
func equalFold(s, low string) bool {
	for i := range len(s) {
		if lower(s[i]) != low[i] {
			return false
		}
	}
	return true
}

// lowerCase converts ASCII letters only: strings.ToLower would replace bytes that are
// not UTF-8.
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
