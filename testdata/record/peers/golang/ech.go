package main

import (
	"crypto/ecdh"
	"crypto/tls"
	"encoding/binary"
	"log"
)

// outerName is what the hello says in clear (RFC 9849, public_name).
const outerName = "public.example.net"

// echKey is the same for client and server, which are two processes: it
// protects nothing.
func echKey() *ecdh.PrivateKey {
	key, err := ecdh.X25519().NewPrivateKey([]byte("a key that everybody may know..."))
	if err != nil {
		log.Fatal(err)
	}
	return key
}

// echConfig is an ECHConfig (RFC 9849, 4): DHKEM(X25519, HKDF-SHA256),
// HKDF-SHA256, AES-128-GCM.
func echConfig() []byte {
	contents := []byte{7} // config_id
	contents = append(contents, 0x00, 0x20)
	contents = append16(contents, echKey().PublicKey().Bytes())
	contents = append16(contents, []byte{0x00, 0x01, 0x00, 0x01})
	contents = append(contents, 64) // maximum_name_length
	contents = append(append(contents, byte(len(outerName))), outerName...)
	contents = append(contents, 0, 0) // no extensions
	return append16([]byte{0xfe, 0x0d}, contents)
}

// append16 appends b behind its length in 16 bits.
func append16(to, b []byte) []byte {
	return append(binary.BigEndian.AppendUint16(to, uint16(len(b))), b...)
}

func echClientConfig(name string) *tls.Config {
	config := clientConfig("TLSv1.3", "TLSv1.3", name)
	config.EncryptedClientHelloConfigList = append16(nil, echConfig())
	return config
}

func echServerConfig() *tls.Config {
	config := serverConfig("TLSv1.3", "TLSv1.3")
	config.EncryptedClientHelloKeys = []tls.EncryptedClientHelloKey{{
		Config: echConfig(), PrivateKey: echKey().Bytes(), SendAsRetry: true,
	}}
	return config
}
