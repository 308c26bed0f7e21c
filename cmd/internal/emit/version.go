package emit

import "tlsfloor/parse"

// versionTexts has the versions that nearly all events have: an event names six
// or more, and looking each up in parse's map was a tenth of encoding it.
var versionTexts = [...]string{
	parse.SSLv3.String(), parse.TLSv1.String(), parse.TLSv11.String(), parse.TLSv12.String(), parse.TLSv13.String(),
}

func versionText(v parse.Version) string {
	if i := int(v) - int(parse.SSLv3); i >= 0 && i < len(versionTexts) {
		return versionTexts[i]
	}
	return v.String()
}

func appendVersion(dst []byte, key string, v parse.Version) []byte {
	return appendWord(dst, key, versionText(v))
}
