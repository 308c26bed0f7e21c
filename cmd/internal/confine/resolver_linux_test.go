package confine

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// farName is a name that only the resolver of the tests knows: .test is reserved (RFC 6761,
// 6.2).
const farName = "far.test."

// startResolver starts a DNS server that resolves farName to 127.0.0.1.
func startResolver(t *testing.T) (address string) {
	t.Helper()
	socket, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { socket.Close() })
	go func() {
		for b := make([]byte, 512); ; {
			n, from, err := socket.ReadFrom(b)
			if err != nil {
				return
			}
			if text, err := answerTo(b[:n]); err != nil {
				t.Error(err)
			} else {
				_, _ = socket.WriteTo(text, from)
			}
		}
	}()
	return socket.LocalAddr().String()
}

// answerTo returns the response to a query with one question.
func answerTo(text []byte) ([]byte, error) {
	var p dnsmessage.Parser
	head, err := p.Start(text)
	if err != nil {
		return nil, err
	}
	q, err := p.Question()
	if err != nil {
		return nil, err
	}
	m := dnsmessage.Message{Header: dnsmessage.Header{ID: head.ID, Response: true, RecursionAvailable: true}, Questions: []dnsmessage.Question{q}}
	switch {
	case q.Name.String() != farName:
		m.RCode = dnsmessage.RCodeNameError
	case q.Type == dnsmessage.TypeA:
		m.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class, TTL: 1},
			Body:   &dnsmessage.AResource{A: netip.MustParseAddr("127.0.0.1").As4()},
		}}
	}
	return m.Pack()
}

// resolve makes Go's resolver use the DNS server at an address instead of the network's.
func resolve(address string) {
	net.DefaultResolver.Dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
		if address == "" {
			return nil, errors.New("a test that looks up names needs a resolver")
		}
		var d net.Dialer
		return d.DialContext(ctx, network, address)
	}
}
