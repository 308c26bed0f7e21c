package session

import (
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

// kinds remembers what hellos of one kind have in common: a network has some
// hundreds of clients and servers, and hears each of them over and over. The
// findings share what is remembered, so that who encodes them can remember more.
type kinds struct {
	prints   *fingerprint.Maker
	software *client.Identifier
	clients  fingerprint.Memory[*clientKind]
	servers  fingerprint.Memory[*serverKind]
	key      []byte // scratch
}

func newKinds() kinds { return newKindsUpTo(fingerprint.DefaultLimit) }

// newKindsUpTo bounds the kinds of clients, of servers, and of what JA4s are made
// of, each to limit.
func newKindsUpTo(limit int) kinds {
	k := kinds{
		prints: fingerprint.NewMaker(), software: client.NewIdentifier(),
		clients: fingerprint.NewMemory[*clientKind](limit),
		servers: fingerprint.NewMemory[*serverKind](limit),
	}
	k.prints.Remember(limit)
	return k
}

// clientKind is what a ClientHello says of the client, and not of the
// connection.
type clientKind struct {
	hello    classify.ClientHello
	software *classify.Software // nil: not known
	own      int                // bytes: counted for each session that has it, since it may be forgotten meanwhile
}

// stringSize is what a string costs beside its bytes, in bytes.
const stringSize = int(unsafe.Sizeof(""))

// client returns the kind of h, which came in a record of a version.
func (k *kinds) client(h *parse.ClientHello, record parse.Version) *clientKind {
	k.key = appendClientKind(k.key[:0], h, record)
	if known, ok := k.clients.Get(k.key); ok {
		return known
	}
	made := k.newClient(h, record)
	k.clients.Put(k.key, made)
	made.own = int(unsafe.Sizeof(*made)) + len(made.hello.JA3Full) + len(made.hello.JA3) + len(made.hello.JA4) +
		len(h.SupportedVersions) + len(h.ALPN) + len(made.hello.ALPN)*stringSize
	return made
}

// appendClientKind appends all that newClient looks at.
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
	prints := k.prints.Client(h)
	made := &clientKind{hello: described(h, record), software: k.software.Hello(h, record, prints.JA3, prints.JA4)}
	made.hello.JA3, made.hello.JA3Full, made.hello.JA4 = prints.JA3, prints.JA3Full, prints.JA4
	return made
}

// newCutClient is newClient for the beginning of a hello: a fingerprint of that
// would be another client's.
func newCutClient(h *parse.ClientHello, record parse.Version) *clientKind {
	made := &clientKind{hello: described(h, record)}
	made.hello.Cut = true
	made.own = int(unsafe.Sizeof(*made)) + len(h.SupportedVersions) + len(h.ALPN) + len(made.hello.ALPN)*stringSize
	return made
}

// described is what h says, without fingerprints.
func described(h *parse.ClientHello, record parse.Version) classify.ClientHello {
	said := classify.ClientHello{
		RecordVersion: record, LegacyVersion: h.LegacyVersion, ALPN: listed(h.ALPN), FallbackSCSV: h.FallbackSCSV(),
		SSLv2Format: h.SSLv2Format, ECH: h.EncryptedClientHello, EarlyData: h.EarlyData,
	}
	if h.HasSupportedVersions {
		said.Versions = h.AppendVersions(make([]parse.Version, 0, h.SupportedVersions.Len()))
	}
	return said
}

// maxProtocols bounds the list of ALPN in an event: a hello has room for 65,000
// empty names, real ones have three.
const maxProtocols = 256

func listed(list parse.Protocols) (all []string) {
	for len(all) < maxProtocols {
		name, ok := list.Next()
		if !ok {
			return all
		}
		all = append(all, string(name))
	}
	return all
}

// serverKind is what a ServerHello says of the server and its choice.
type serverKind struct {
	said  classify.ServerHello // what is known without the rest of the handshake
	psk   bool                 // the choice is a pre-shared key
	own   int                  // as a clientKind's
	whole [2][resumptions]*classify.ServerHello
}

// server returns the kind of h.
func (k *kinds) server(h *parse.ServerHello) *serverKind {
	k.key = appendServerKind(k.key[:0], h)
	if known, ok := k.servers.Get(k.key); ok {
		return known
	}
	prints := k.prints.Server(h)
	made := &serverKind{psk: h.PreSharedKey, said: classify.ServerHello{
		Version: h.SelectedVersion, Cipher: h.CipherSuite, Sentinel: h.DowngradeSentinel, ALPN: string(h.ALPN),
		JA3S: prints.JA3S, JA3SFull: prints.JA3SFull,
	}}
	k.servers.Put(k.key, made)
	made.own = int(unsafe.Sizeof(*made)) + len(made.said.JA3SFull) + len(made.said.JA3S) + len(h.ALPN)
	return made
}

// newCutServer is what the beginning of a ServerHello says: no fingerprint.
func newCutServer(h *parse.ServerHello) *serverKind {
	made := &serverKind{psk: h.PreSharedKey, said: classify.ServerHello{
		Version: h.SelectedVersion, Cipher: h.CipherSuite, Sentinel: h.DowngradeSentinel, ALPN: string(h.ALPN),
	}}
	made.own = int(unsafe.Sizeof(*made)) + len(h.ALPN)
	return made
}

// appendServerKind appends all that server looks at.
func appendServerKind(key []byte, h *parse.ServerHello) []byte {
	version, sentinel := h.SelectedVersion, h.DowngradeSentinel
	key = append(key, byte(version>>8), byte(version), byte(sentinel>>8), byte(sentinel), byte(len(h.ALPN)))
	return fingerprint.AppendServerKey(append(key, h.ALPN...), h)
}

// resumption is how a handshake was resumed.
type resumption uint8

const (
	byNothing resumption = iota // it was not, or that is not known
	byID
	byTicket
	byPSK
	resumptions
)

var resumptionText = [resumptions]string{"", "id", "ticket", "psk"}

// variant returns the ServerHello of the kind in a handshake that was resumed by r,
// and had a HelloRetryRequest or not. All handshakes of the kind share it.
func (k *serverKind) variant(retried bool, r resumption) *classify.ServerHello {
	whole := &k.whole[bit(retried)][r]
	if *whole == nil {
		a := k.said
		a.HelloRetryRequest, a.Resumed = retried, resumptionText[r]
		*whole = &a
	}
	return *whole
}

// maxDistinguishedName bounds a subject or issuer in an event, in bytes: real
// ones have two hundred, a certificate may have 64 kB of them.
const maxDistinguishedName = 1 << 10

// maxDNSNames bounds the names of a certificate in an event: certificates with
// 10,000 exist.
const maxDNSNames = 100

// describeCertificate copies what an event says of a certificate. Of too many
// names the list has the first ones and name, the one that was chosen.
func describeCertificate(leaf *certificate.Certificate, der []byte, name string) *classify.Certificate {
	sum := sha256.Sum256(der)
	notBefore, notAfter := leaf.Validity()
	c := &classify.Certificate{
		Subject: bounded(leaf.Subject.String()), Issuer: bounded(leaf.Issuer.String()),
		NotBefore: seconds(notBefore), NotAfter: seconds(notAfter),
		SHA256: hex.EncodeToString(sum[:]),
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

func bounded(name string) string { return name[:min(len(name), maxDistinguishedName)] }

func seconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

const (
	maxInterned       = 4096 // strings; a power of two
	maxInternedLength = 255  // bytes of one: names of hosts fit
)

// interned remembers strings made of bytes: the names that a network asks for
// are few, and making a string of each hello's would be the only allocation
// that a handshake costs which nobody wants to see. Each string has one place,
// where the last to come stays: names without end cost what their strings do.
type interned struct {
	seed   maphash.Seed
	places [maxInterned]string
}

func newInterned() *interned { return &interned{seed: maphash.MakeSeed()} }

// of returns b as a string. The result owns its memory.
func (t *interned) of(b []byte) string {
	if len(b) == 0 || len(b) > maxInternedLength {
		return string(b)
	}
	place := &t.places[maphash.Bytes(t.seed, b)%maxInterned]
	if *place != string(b) {
		*place = string(b)
	}
	return *place
}
