package transport

import (
	"context"
	"net"
	"time"
)

// dialTime bounds looking up a name and connecting to its addresses.
const dialTime = 10 * time.Second

// Dialer opens the connections of every transport that uses the network. A nil one does
// no more than that.
type Dialer struct {
	// Connected is called with each TCP connection before anything is sent over it, TLS
	// or not, in the goroutine that connects. It must not keep the connection.
	Connected func(net.Conn)
}

// DialContext connects to an address, as net.Dialer does.
func (d *Dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	dialer := net.Dialer{Timeout: dialTime}
	conn, err := dialer.DialContext(ctx, network, address)
	if tcp, ok := conn.(*net.TCPConn); ok && err == nil && d != nil && d.Connected != nil {
		d.Connected(tcp)
	}
	return conn, err
}
