package binary

import (
	"testing"

	"tlsfloor/parse/upgrade"
)

var openings = map[string]struct {
	proto upgrade.Protocol
	from  upgrade.Side
}{
	"\x00\x00\x00\x08\x04\xd2\x16\x2f":                {upgrade.PostgreSQL, upgrade.Client},
	"S\x16\x03\x01\x00":                               {upgrade.PostgreSQL, upgrade.Server},
	"\x4a\x00\x00\x00\x0a8.0":                         {upgrade.MySQL, upgrade.Server},
	"\x20\x00\x00\x01\x00\x00":                        {upgrade.MySQL, upgrade.Client},
	"\x01\x00\x00\x00\x01":                            {upgrade.MySQLX, upgrade.Client},
	"\x12\x01\x00\x2f\x00\x00\x01\x00\x00":            {upgrade.TDS, upgrade.Client},
	"\x04\x01\x00\x2f\x00\x00\x01\x00\x00":            {upgrade.TDS, upgrade.Server},
	"\x04\x01\x00\x50\xc0\x00\x02\x01":                {upgrade.None, upgrade.Client}, // SOCKS4
	"\x03\x00\x00\x13\x0e\xe0\x00\x00":                {upgrade.RDP, upgrade.Client},
	"0\x1d\x02\x01\x01\x77\x18\x80\x16" + startTLSOID: {upgrade.LDAP, upgrade.Client},
	"0\x05\x03\x01\x01\x77\x00":                       {upgrade.None, upgrade.Client},
	"\x00\x0e\x3801234567\x00\x00\x00\x00\x00":        {upgrade.OpenVPN, upgrade.Client},
	"\x00\x00\x00\x03IHAVEOPT":                        {upgrade.NBD, upgrade.Client},
	"NBDMAGICIHAVEOPT":                                {upgrade.NBD, upgrade.Server},
	"RFB 003.008\n":                                   {upgrade.VNC, upgrade.Client},
	"AMQP\x02\x01\x00\x00":                            {upgrade.AMQP, upgrade.Client},
	"\xff\xfd\x2e\xff\xfa":                            {upgrade.Telnet, upgrade.Client},
	"GET / HTTP/1.1\r\n":                              {upgrade.None, upgrade.Client},
}

func TestRecognise(t *testing.T) {
	for data, want := range openings {
		p, from, need := Recognise(upgrade.Client, []byte(data))
		if p != want.proto || p != upgrade.None && from != want.from || need > len(data) {
			t.Errorf("%q: %v from side %d, %d bytes needed", data, p, from, need)
		}
		for n := Opening; n < len(data); n++ {
			if p, _, need := Recognise(upgrade.Client, []byte(data[:n])); p != want.proto && need <= n {
				t.Errorf("%q: %v", data[:n], p)
			}
		}
	}
}

// TestMessagesCutShort reads the beginnings of all messages as those of each protocol.
func TestMessagesCutShort(t *testing.T) {
	for data := range openings {
		for n := 1; n <= len(data); n++ {
			for _, from := range []upgrade.Side{upgrade.Client, upgrade.Server} {
				for i, m := range readAll(from, []byte(data[:n])) {
					if m.Size == 0 && m.Event == 0 && m.Need != 0 && m.Need <= n {
						t.Errorf("reader %d: %q: needs %d bytes", i, data[:n], m.Need)
					}
				}
			}
		}
	}
}

func readAll(from upgrade.Side, data []byte) (all []upgrade.Message) {
	for _, read := range []func(*upgrade.State, upgrade.Side, []byte) upgrade.Message{
		PostgreSQL, MySQL, MySQLX, TDS, RDP, LDAP, NBD, VNC,
	} {
		all = append(all, read(new(upgrade.State), from, data))
	}
	var hmac uint8
	return append(all, AMQP(from, data), OpenVPN(new(upgrade.State), &hmac, from, data), Telnet(new(upgrade.State), from, data, false))
}
