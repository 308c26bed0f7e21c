package main

import (
	"net"
	"time"
)

// disappoint reads the beginning of each connection and then resets it,
// closes it, or says nothing for as long as the process lives.
func disappoint(address, how string) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	for {
		conn, err := listener.Accept()
		if err != nil {
			return err
		}
		if _, err := conn.Read(make([]byte, 16<<10)); err != nil {
			return err
		}
		switch how {
		case "reset":
			// With nothing to linger for, closing sends RST instead of FIN.
			if err := conn.(*net.TCPConn).SetLinger(0); err != nil {
				return err
			}
			conn.Close()
		case "close":
			conn.Close()
		case "silent":
			time.AfterFunc(time.Minute, func() { conn.Close() })
		}
	}
}
