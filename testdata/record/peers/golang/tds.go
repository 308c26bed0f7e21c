package main

import (
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"log"
	"net"
)

// The packet types of TDS that are used here ([MS-TDS] 2.2.3.1.1).
const (
	tdsReply    = 0x04
	tdsPrelogin = 0x12
)

// preloginReply is the answer to PRELOGIN: version 15.0, encryption on
// ([MS-TDS] 2.2.6.5). Each option is its token, the offset and the length of
// its data; 0xff ends the list.
var preloginReply = []byte{
	0x00, 0x00, 0x0b, 0x00, 0x06, // VERSION
	0x01, 0x00, 0x11, 0x00, 0x01, // ENCRYPTION
	0xff,
	15, 0, 0x07, 0xd0, 0, 0,
	0x01, // ENCRYPT_ON
}

// serveTDS does what SQL Server does up to the login: it answers PRELOGIN and
// shakes hands inside PRELOGIN packets. It then ends the connection.
func serveTDS(address string, config *tls.Config) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	for {
		conn, err := listener.Accept()
		if err != nil {
			return err
		}
		if err := greetTDS(conn, config); err != nil {
			log.Print(err)
		}
		conn.Close()
	}
}

func greetTDS(conn net.Conn, config *tls.Config) error {
	wrapped := &tdsConn{Conn: conn}
	if err := wrapped.nextPacket(); err != nil {
		return err
	}
	// Whatever the client's PRELOGIN asks for, it gets encryption.
	if _, err := io.CopyN(io.Discard, conn, int64(wrapped.left)); err != nil {
		return err
	}
	wrapped.left = 0
	if err := writePacket(conn, tdsReply, preloginReply); err != nil {
		return err
	}
	secured := tls.Server(wrapped, config)
	if err := secured.Handshake(); err != nil {
		return err
	}
	announce(secured)
	// From here on TLS is outside and TDS inside.
	wrapped.naked = true
	_, err := secured.Read(make([]byte, 4096))
	return err
}

// tdsConn carries TLS in the bodies of PRELOGIN packets until naked is set.
type tdsConn struct {
	net.Conn
	left  int // bytes of the packet being read
	naked bool
}

func (c *tdsConn) Read(b []byte) (int, error) {
	if c.naked {
		return c.Conn.Read(b)
	}
	if c.left == 0 {
		if err := c.nextPacket(); err != nil {
			return 0, err
		}
	}
	n, err := c.Conn.Read(b[:min(len(b), c.left)])
	c.left -= n
	return n, err
}

func (c *tdsConn) Write(b []byte) (int, error) {
	if c.naked {
		return c.Conn.Write(b)
	}
	return len(b), writePacket(c.Conn, tdsPrelogin, b)
}

// nextPacket reads the header of a PRELOGIN packet.
func (c *tdsConn) nextPacket() error {
	var header [8]byte
	if _, err := io.ReadFull(c.Conn, header[:]); err != nil {
		return err
	}
	if header[0] != tdsPrelogin {
		return errors.New("not a PRELOGIN packet")
	}
	c.left = int(binary.BigEndian.Uint16(header[2:])) - len(header)
	return nil
}

// writePacket writes body as one packet, the last of its message.
func writePacket(w io.Writer, kind byte, body []byte) error {
	header := []byte{kind, 0x01, 0, 0, 0, 0, 0, 0}
	binary.BigEndian.PutUint16(header[2:], uint16(len(header)+len(body)))
	_, err := w.Write(append(header, body...))
	return err
}
