package sensor

import (
	"unsafe"

	"tlsfloor/classify"
	"tlsfloor/classify/client"
	"tlsfloor/parse"
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

func newKinds() kinds {
	return kinds{
		prints: fingerprint.NewMaker(), software: client.NewIdentifier(),
		clients: fingerprint.NewMemory[*clientKind](fingerprint.DefaultLimit),
		servers: fingerprint.NewMemory[*serverKind](fingerprint.DefaultLimit),
	}
}

// clientKind is what a ClientHello says of the client, and not of the
// connection.
type clientKind struct {
	hello    classify.ClientHello
	software *classify.Software // nil: not known
	own      int                // bytes that are not remembered, but the session's
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
	if !k.clients.Put(k.key, made) {
		made.own = len(made.hello.JA3Full) + len(h.SupportedVersions) + len(h.ALPN) + len(made.hello.ALPN)*stringSize
	}
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
	made := &clientKind{
		hello: classify.ClientHello{
			RecordVersion: record, LegacyVersion: h.LegacyVersion, ALPN: listed(h.ALPN), FallbackSCSV: h.FallbackSCSV(),
			SSLv2Format: h.SSLv2Format, ECH: h.EncryptedClientHello, EarlyData: h.EarlyData,
			JA3: prints.JA3, JA3Full: prints.JA3Full, JA4: prints.JA4,
		},
		software: k.software.Hello(h, record, prints.JA3, prints.JA4),
	}
	if h.HasSupportedVersions {
		made.hello.Versions = h.AppendVersions(make([]parse.Version, 0, h.SupportedVersions.Len()))
	}
	return made
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
	if !k.servers.Put(k.key, made) {
		made.own = len(made.said.JA3SFull)
	}
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

// heard is the answer of the kind in a handshake that was resumed by r, and had
// a HelloRetryRequest or not.
func (k *serverKind) heard(retried bool, r resumption) *classify.ServerHello {
	whole := &k.whole[bit(retried)][r]
	if *whole == nil {
		a := k.said
		a.HelloRetryRequest, a.Resumed = retried, resumptionText[r]
		*whole = &a
	}
	return *whole
}
