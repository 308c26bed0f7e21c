package transport

import (
	"context"
	"net"
	"testing"
)

func TestDialerReportsConnections(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var reported []string
	for _, d := range []*Dialer{nil, {}, {Connected: func(c net.Conn) { reported = append(reported, c.LocalAddr().String()) }}} {
		for _, network := range []string{"tcp", "udp"} { // nothing answers over UDP, and nothing has to
			conn, err := d.DialContext(context.Background(), network, l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if network == "tcp" && d != nil && d.Connected != nil && (len(reported) != 1 || reported[0] != conn.LocalAddr().String()) {
				t.Errorf("%q were reported, want %v", reported, conn.LocalAddr())
			}
		}
	}
	l.Close()
	if _, err := (*Dialer)(nil).DialContext(context.Background(), "tcp", l.Addr().String()); err == nil {
		t.Error("connected to a closed port")
	}
	if len(reported) != 1 {
		t.Errorf("%q were reported", reported)
	}
}
