package starttls

import (
	"encoding/binary"
	"strings"
	"testing"
)

// tdsPackets cuts payload into packets of at most n bytes of payload.
func tdsPackets(typ byte, payload string, n int) (out string) {
	for len(payload) > n {
		out += tdsHead(typ, 0, n) + payload[:n]
		payload = payload[n:]
	}
	return out + tdsHead(typ, 1, len(payload)) + payload
}

func tdsMessage(typ byte, payload string) string { return tdsPackets(typ, payload, 4088) }

func tdsHead(typ, status byte, n int) string {
	size := binary.BigEndian.AppendUint16(nil, uint16(n+8))
	return string([]byte{typ, status, size[0], size[1], 0, 0, 1, 0})
}

// ovpnPacket makes a control packet: hmac bytes of HMAC with packet id and
// time, acks acknowledgements.
func ovpnPacket(hmac int, opcode byte, acks int, id uint32, payload string) string {
	b := []byte{opcode}
	b = append(b, "sessionA"...)
	if hmac > 0 {
		b = append(b, strings.Repeat("h", hmac)...)
		b = append(b, 0, 0, 0, 1, 0x66, 0xae, 0x66, 0xb5)
	}
	b = append(b, byte(acks))
	if acks > 0 {
		b = append(b, strings.Repeat("\x00\x00\x00\x00", acks)+"sessionB"...)
	}
	b = binary.BigEndian.AppendUint32(b, id)
	b = append(b, payload...)
	return string(binary.BigEndian.AppendUint16(nil, uint16(len(b)))) + string(b)
}

const prelogin = "\x00\x00\x0b\x00\x06\x01\x00\x11\x00\x01\xff\x10\x00\x00\x00\x00\x00\x01"

// mustCarry checks the TLS bytes in both directions.
func (c *caller) mustCarry(proto, client, server string) {
	c.t.Helper()
	if got := string(c.inner[0]); got != client {
		c.t.Errorf("client carried %d bytes, want %d", len(got), len(client))
	}
	if got := string(c.inner[1]); got != server {
		c.t.Errorf("server carried %d bytes, want %d", len(got), len(server))
	}
	if got := c.p.Protocol(); got != proto {
		c.t.Errorf("Protocol() = %q, want %q", got, proto)
	}
}

func TestTDS(t *testing.T) {
	long := serverHello + strings.Repeat("certificate", 1000)
	for name, turns := range map[string][]turn{
		"as SQL Server does": {c(tdsMessage(0x12, prelogin)), s(tdsMessage(0x04, prelogin)),
			c(tdsMessage(0x12, clientHello)), s(tdsMessage(0x12, long))},
		"the server in replies": {c(tdsMessage(0x12, prelogin)), s(tdsMessage(0x04, prelogin)),
			c(tdsMessage(0x12, clientHello)), s(tdsMessage(0x04, long))},
		"records over packets": {c(tdsPackets(0x12, prelogin, 5)), s(tdsMessage(0x04, prelogin)),
			c(tdsPackets(0x12, clientHello, 1)), s(tdsPackets(0x04, long, 7))},
	} {
		for how, cut := range cuttings {
			t.Run(name+"/"+how, func(t *testing.T) {
				play(t, turns, cut).mustCarry("tds", clientHello, long)
				play(t, only(false, turns), cut).mustCarry("tds", clientHello, "")
				play(t, only(true, turns), cut).mustCarry("tds", "", long)
			})
		}
	}
}

// TestTDSGoesOnBare: after the handshake, records come without packets.
func TestTDSGoesOnBare(t *testing.T) {
	start := tdsMessage(0x12, prelogin) + tdsMessage(0x12, clientHello)
	for name, tc := range map[string]struct {
		more   string
		status Status
	}{
		"application data":             {"\x17\x03\x03\x00\x20" + strings.Repeat("x", 32), TLS},
		"a login with its own packets": {tdsMessage(0x10, "login"), Foreign},
	} {
		for how, cut := range cuttings {
			t.Run(name+"/"+how, func(t *testing.T) {
				got := play(t, []turn{c(start), c(tc.more)}, cut)
				if got.status[0] != tc.status || got.at[0] != len(start) {
					t.Errorf("status %d at byte %d, want %d at byte %d", got.status[0], got.at[0], tc.status, len(start))
				}
				got.mustCarry("tds", clientHello, "")
			})
		}
	}
}

func TestTDSInClear(t *testing.T) {
	got := play(t, []turn{c(tdsMessage(0x12, prelogin)), s(tdsMessage(0x04, prelogin)), c(tdsMessage(0x10, "login"))}, whole)
	if got.status[0] != Foreign || got.p.Protocol() != "" {
		t.Errorf("status %d, protocol %q", got.status[0], got.p.Protocol())
	}
}

func TestOpenVPN(t *testing.T) {
	const ack = 0x28
	for name, hmac := range map[string]int{"no tls-auth": 0, "MD5": 16, "SHA-1": 20, "SHA-256": 32, "SHA-512": 64} {
		turns := []turn{
			c(ovpnPacket(hmac, 0x38, 0, 0, "")),
			c(ovpnPacket(hmac, 0x38, 0, 1, "")), // asked again
			s(ovpnPacket(hmac, 0x40, 1, 0, "")),
			c(ovpnPacket(hmac, ack, 1, 0, "")[:2] + ovpnPacket(hmac, ack, 1, 0, "")[2:]),
			c(ovpnPacket(hmac, 0x20, 0, 2, clientHello[:20])),
			c(ovpnPacket(hmac, 0x20, 0, 2, clientHello[:20])), // sent again
			c(ovpnPacket(hmac, 0x20, 2, 3, clientHello[20:])),
			s(ovpnPacket(hmac, 0x20, 8, 1, serverHello)),
		}
		for how, cut := range cuttings {
			t.Run(name+"/"+how, func(t *testing.T) {
				play(t, turns, cut).mustCarry("openvpn", clientHello, serverHello)
				play(t, only(false, turns), cut).mustCarry("openvpn", clientHello, "")
				play(t, only(true, turns), cut).mustCarry("openvpn", "", serverHello)
			})
		}
	}
}

func TestOpenVPNEnds(t *testing.T) {
	start := ovpnPacket(0, 0x38, 0, 0, "")
	for name, more := range map[string]string{
		"with a data packet":     "\x00\x05\x30abcd",
		"where a packet is lost": ovpnPacket(0, 0x20, 0, 2, clientHello),
		"with another key":       ovpnPacket(0, 0x21, 0, 1, clientHello),
		"with no packet at all":  "\x00\x00",
		"with no TLS inside":     ovpnPacket(0, 0x20, 0, 1, "no TLS"),
	} {
		t.Run(name, func(t *testing.T) {
			got := play(t, []turn{c(start), c(more), c("\x00")}, bytewise)
			if got.status[0] != Foreign || len(got.inner[0]) != 0 {
				t.Errorf("status %d, carried %d bytes", got.status[0], len(got.inner[0]))
			}
		})
	}
}
