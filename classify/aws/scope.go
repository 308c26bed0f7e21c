package aws

// InScope reports whether host is a name under amazonaws.com or
// amazonaws.com.cn: any depth of labels, any letter case, with or without the
// trailing dot. The bare suffixes are not names under themselves, and no
// service answers there: they are out of scope.
//
// A name may be longer than DNS can carry (RFC 1035, 2.3.4): it is what a client
// says, and no length of it may hide where it ends. It allocates nothing and
// looks at the last 18 bytes only, since it runs for every handshake.
func InScope(host string) bool {
	host = withoutRoot(host)
	return under(host, ".amazonaws.com") || under(host, ".amazonaws.com.cn")
}

// InScopeAll reports whether host is an AWS name of any kind: a name under a
// suffix of one of the partitions (aws, aws-cn, aws-us-gov, aws-eusc and the
// isolated ones), under a dual-stack suffix such as api.aws, or one that AWS
// gives to customers' resources, such as cloudfront.net. Letter case, depth and
// the trailing dot are as in InScope.
func InScopeAll(host string) bool {
	return suffixOf(withoutRoot(host)) != nil
}

// suffixOf finds the longest suffix that host, without a trailing dot, stands
// under. It looks from dot to dot: most names of other people have none where a
// suffix of AWS's would begin.
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

// under reports whether host ends in suffix, which begins with a dot and is in
// lower case, after a label that is not empty. Where the dot must be is looked
// at first: it settles most names of other people.
func under(host, suffix string) bool {
	cut := len(host) - len(suffix)
	if cut < 1 || host[cut] != '.' || host[cut-1] == '.' {
		return false
	}
	return host[cut:] == suffix || equalFold(host[cut:], suffix)
}
