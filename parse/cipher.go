package parse

import "sort"

type cipherSuite struct {
	id            uint16
	iana, openssl string
}

// CipherName names a cipher suite: as IANA's registry does
// (TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA), and as OpenSSL does
// (ECDHE-RSA-AES128-SHA), empty where OpenSSL never had it. ok is false for a
// number that the registry gives no name, GREASE among them.
func CipherName(id uint16) (iana, openssl string, ok bool) {
	i := sort.Search(len(cipherSuites), func(i int) bool { return cipherSuites[i].id >= id })
	if i == len(cipherSuites) || cipherSuites[i].id != id {
		return "", "", false
	}
	return cipherSuites[i].iana, cipherSuites[i].openssl, true
}

// CipherSpecName names an element of CipherSpecs: SSL_CK_RC4_128_WITH_MD5, or,
// when its first byte is 0, the cipher suite as CipherName does.
func CipherSpecName(spec uint32) (name, openssl string, ok bool) {
	if spec < 1<<16 {
		return CipherName(uint16(spec))
	}
	names, ok := cipherKinds[spec]
	return names[0], names[1], ok
}
