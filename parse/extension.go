package parse

// ExtensionType is a TLS ExtensionType value.
type ExtensionType uint16

// The extensions that this package or its callers look at
// (https://www.iana.org/assignments/tls-extensiontype-values).
const (
	ExtServerName           ExtensionType = 0
	ExtSupportedGroups      ExtensionType = 10
	ExtPointFormats         ExtensionType = 11
	ExtSignatureAlgorithms  ExtensionType = 13
	ExtALPN                 ExtensionType = 16
	ExtExtendedMasterSecret ExtensionType = 23
	ExtSessionTicket        ExtensionType = 35
	ExtPreSharedKey         ExtensionType = 41
	ExtEarlyData            ExtensionType = 42
	ExtSupportedVersions    ExtensionType = 43
	ExtCookie               ExtensionType = 44
	ExtKeyShare             ExtensionType = 51
	ExtEncryptedClientHello ExtensionType = 0xfe0d
)

// What became encrypted_client_hello: draft-ietf-tls-esni, numbers 8 to 10,
// and up to 6, when it was encrypted_server_name.
const (
	extECHDraft8  ExtensionType = 0xfe08
	extECHDraft9  ExtensionType = 0xfe09
	extECHDraft10 ExtensionType = 0xfe0a
	extESNI       ExtensionType = 0xffce
)

// GREASE reports whether v is one of the sixteen values that clients send to
// keep servers tolerant (RFC 8701, 2): 0x?a?a with both bytes equal.
func GREASE(v uint16) bool {
	return v&0x0f0f == 0x0a0a && v>>8 == v&0xff
}
