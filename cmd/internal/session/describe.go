package session

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"hash/maphash"
	"slices"
	"time"
	"unsafe"

	"tlsfloor/classify"
	"tlsfloor/classify/client"
	"tlsfloor/parse"
	"tlsfloor/parse/certificate"
	"tlsfloor/parse/fingerprint"
)

// kinds remembers the description of each kind of hello: a network has some hundreds
// of kinds of clients and servers, which send the same hellos again and again.
// Findings of one kind point to the same description, so encoders of events can cache
// their output by it.
type kinds struct {
	fingerprints *fingerprint.Maker
	software     *client.Identifier
	clients      fingerprint.Memory[*clientKind]
	servers      fingerprint.Memory[*serverKind]
	key          []byte // reused for each look-up
}

func newKinds() kinds { return newKindsUpTo(fingerprint.DefaultLimit) }

// newKindsUpTo remembers up to limit kinds of clients, as many of servers, and as many
// inputs of JA4 fingerprints.
func newKindsUpTo(limit int) kinds {
	k := kinds{
		fingerprints: fingerprint.NewMaker(), software: client.NewIdentifier(),
		clients: fingerprint.NewMemory[*clientKind](limit),
		servers: fingerprint.NewMemory[*serverKind](limit),
	}
	k.fingerprints.Remember(limit)
	return k
}

// clientKind is the part of a ClientHello's description that depends on the client
// program, not on the connection.
type clientKind struct {
	hello    classify.ClientHello
	software *classify.Software // nil: not known
	// size in bytes. It counts for each session that uses the kind: kinds may forget it
	// while the session still holds it.
	size int
}

// stringSize is the size of a string without its bytes, in bytes.
const stringSize = int(unsafe.Sizeof(""))

// client returns the kind of h, which came in a record with version record.
func (k *kinds) client(h *parse.ClientHello, record parse.Version) *clientKind {
	k.key = appendClientKind(k.key[:0], h, record)
	if known, ok := k.clients.Get(k.key); ok {
		return known
	}
	kind := k.newClient(h, record)
	k.clients.Put(k.key, kind)
	kind.size = int(unsafe.Sizeof(*kind)) + len(kind.hello.JA3Full) + len(kind.hello.JA3) + len(kind.hello.JA4) +
		len(h.SupportedVersions) + len(h.ALPN) + len(kind.hello.ALPN)*stringSize
	return kind
}

// appendClientKind appends to key everything that newClient depends on.
func appendClientKind(key []byte, h *parse.ClientHello, record parse.Version) []byte {
	key = append(key, byte(record>>8), byte(record), bit(client.Greased(h))|bit(h.SSLv2Format)<<1)
	return fingerprint.AppendClientKey(key, h)
}

func bit(b bool) byte {
	if b {
		return 1
	}
	return 0
}

func (k *kinds) newClient(h *parse.ClientHello, record parse.Version) *clientKind {
	prints := k.fingerprints.Client(h)
	kind := &clientKind{hello: describeClient(h, record), software: k.software.Hello(h, record, prints.JA3, prints.JA4)}
	kind.hello.JA3, kind.hello.JA3Full, kind.hello.JA4 = prints.JA3, prints.JA3Full, prints.JA4
	return kind
}

// newCutClient is newClient for the beginning of a hello. It has no fingerprints: they
// would be those of another client.
func newCutClient(h *parse.ClientHello, record parse.Version) *clientKind {
	kind := &clientKind{hello: describeClient(h, record)}
	kind.hello.Cut = true
	kind.size = int(unsafe.Sizeof(*kind)) + len(h.SupportedVersions) + len(h.ALPN) + len(kind.hello.ALPN)*stringSize
	return kind
}

// describeClient describes h without fingerprints.
func describeClient(h *parse.ClientHello, record parse.Version) classify.ClientHello {
	hello := classify.ClientHello{
		RecordVersion: record, LegacyVersion: h.LegacyVersion, ALPN: protocolNames(h.ALPN), FallbackSCSV: h.FallbackSCSV(),
		SSLv2Format: h.SSLv2Format, ECH: h.EncryptedClientHello, EarlyData: h.EarlyData,
	}
	if h.HasSupportedVersions {
		hello.Versions = h.AppendVersions(make([]parse.Version, 0, h.SupportedVersions.Len()))
	}
	return hello
}

// maxProtocols bounds the ALPN names in an event: a hello has room for 65,000 empty
// names, real ones have three.
const maxProtocols = 256

// protocolNames copies the names in list, at most maxProtocols.
func protocolNames(list parse.Protocols) (all []string) {
	for len(all) < maxProtocols {
		name, ok := list.Next()
		if !ok {
			return all
		}
		all = append(all, string(name))
	}
	return all
}

// serverKind is the description of a ServerHello: the server and its choice.
type serverKind struct {
	hello    classify.ServerHello // without the fields that variant sets
	psk      bool                 // the choice is a pre-shared key
	size     int                  // see clientKind
	variants [2][resumptions]*classify.ServerHello
}

// server returns the kind of h.
func (k *kinds) server(h *parse.ServerHello) *serverKind {
	k.key = appendServerKind(k.key[:0], h)
	if known, ok := k.servers.Get(k.key); ok {
		return known
	}
	prints := k.fingerprints.Server(h)
	kind := &serverKind{psk: h.PreSharedKey, hello: classify.ServerHello{
		Version: h.SelectedVersion, Cipher: h.CipherSuite, Sentinel: h.DowngradeSentinel, ALPN: string(h.ALPN),
		JA3S: prints.JA3S, JA3SFull: prints.JA3SFull,
	}}
	k.servers.Put(k.key, kind)
	kind.size = int(unsafe.Sizeof(*kind)) + len(kind.hello.JA3SFull) + len(kind.hello.JA3S) + len(h.ALPN)
	return kind
}

// newCutServer describes the beginning of a ServerHello. It has no fingerprint.
func newCutServer(h *parse.ServerHello) *serverKind {
	kind := &serverKind{psk: h.PreSharedKey, hello: classify.ServerHello{
		Version: h.SelectedVersion, Cipher: h.CipherSuite, Sentinel: h.DowngradeSentinel, ALPN: string(h.ALPN),
	}}
	kind.size = int(unsafe.Sizeof(*kind)) + len(h.ALPN)
	return kind
}

// appendServerKind appends to key everything that server depends on.
func appendServerKind(key []byte, h *parse.ServerHello) []byte {
	version, sentinel := h.SelectedVersion, h.DowngradeSentinel
	key = append(key, byte(version>>8), byte(version), byte(sentinel>>8), byte(sentinel), byte(len(h.ALPN)))
	return fingerprint.AppendServerKey(append(key, h.ALPN...), h)
}

// resumption is how a TLS session was resumed.
type resumption uint8

const (
	notResumed resumption = iota // or not known
	byID
	byTicket
	byPSK
	resumptions
)

var resumptionText = [resumptions]string{"", "id", "ticket", "psk"}

// variant returns the kind's description for a handshake that was resumed by r, and
// had a HelloRetryRequest if retried. All such handshakes share it: do not change it.
func (k *serverKind) variant(retried bool, r resumption) *classify.ServerHello {
	whole := &k.variants[bit(retried)][r]
	if *whole == nil {
		a := k.hello
		a.HelloRetryRequest, a.Resumed = retried, resumptionText[r]
		*whole = &a
	}
	return *whole
}

// maxDistinguishedName bounds the subject and the issuer in an event, in bytes: real
// ones have two hundred, a certificate has room for 64 kB.
const maxDistinguishedName = 1 << 10

// maxDNSNames bounds the names of a certificate in an event: certificates with
// 10,000 exist.
const maxDNSNames = 100

// describeCertificate copies what an event says of a certificate. If there are more
// than maxDNSNames names, the list has the first ones and name, the one that nameOf
// chose.
func describeCertificate(leaf *certificate.Certificate, der []byte, name string) *classify.Certificate {
	sum, short := sha256.Sum256(der), sha1.Sum(der) // Suricata has no other hash than SHA-1
	notBefore, notAfter := leaf.Validity()
	c := &classify.Certificate{
		Subject: bounded(leaf.Subject.String()), Issuer: bounded(leaf.Issuer.String()),
		NotBefore: seconds(notBefore), NotAfter: seconds(notAfter),
		Serial: serialText(leaf.Serial),
		SHA256: hex.EncodeToString(sum[:]), SHA1: hex.EncodeToString(short[:]),
	}
	for list := leaf.DNSNames; len(c.DNSNames) < maxDNSNames; {
		name, ok := list.Next()
		if !ok {
			break
		}
		c.DNSNames = append(c.DNSNames, string(name))
	}
	if last := len(c.DNSNames) - 1; last == maxDNSNames-1 && name != "" && !slices.Contains(c.DNSNames, name) {
		c.DNSNames[last] = name
	}
	return c
}

// maxSerial bounds a serial number in an event, in bytes. Certificates may have 20 (RFC
// 5280, 4.1.2.2).
const maxSerial = 64

// serialText returns a serial number in hexadecimal, without the byte that only says that
// it is positive.
func serialText(serial []byte) string {
	if len(serial) > 1 && serial[0] == 0 {
		serial = serial[1:]
	}
	return hex.EncodeToString(serial[:min(len(serial), maxSerial)])
}

// bounded cuts a distinguished name to maxDistinguishedName.
func bounded(name string) string { return name[:min(len(name), maxDistinguishedName)] }

// seconds is t in seconds since the Unix epoch; 0 for the zero time.
func seconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

const (
	maxInterned       = 4096 // strings; a power of two
	maxInternedLength = 255  // bytes of one: host names fit
)

// interned remembers strings made of bytes. The names in a network's hellos are few,
// and a new string for each hello would be the only allocation of a handshake that is
// only counted. Each string has one slot, by its hash, where a new string replaces the
// old one. So a flood of different names costs one allocation each, and no more memory.
type interned struct {
	seed  maphash.Seed
	slots [maxInterned]string
}

func newInterned() *interned { return &interned{seed: maphash.MakeSeed()} }

// get returns b as a string, which does not share b's memory.
func (t *interned) get(b []byte) string {
	if len(b) == 0 || len(b) > maxInternedLength {
		return string(b)
	}
	place := &t.slots[maphash.Bytes(t.seed, b)%maxInterned]
	if *place != string(b) {
		*place = string(b)
	}
	return *place
}
