package emit

import (
	"tlsfloor/classify"
	"tlsfloor/parse"
)

// ianaCipher names the cipher suite that was selected. Empty: the registry has
// no name for it, or it is SSLv2, whose server offers ciphers and selects none.
func ianaCipher(a *classify.ServerHello) string {
	if a.Version == parse.SSLv2 {
		return ""
	}
	iana, _, _ := parse.CipherName(a.Cipher)
	return iana
}

func appendCipherID(dst []byte, key string, a *classify.ServerHello) []byte {
	if a.Version == parse.SSLv2 {
		return dst
	}
	return appendNumber(dst, key, a.Cipher)
}
