//go:build e2e

package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"time"
)

// Stand-ins for AWS's servers of other protocols than HTTPS.

// servePostgreSQL answers every query with nothing. (PostgreSQL, "Message Formats".)
func servePostgreSQL(c net.Conn, config *tls.Config) error {
	if _, err := readSized(c, 0); err != nil { // SSLRequest
		return err
	}
	if _, err := io.WriteString(c, "S"); err != nil {
		return err
	}
	secure := tls.Server(c, config)
	if _, err := readSized(secure, 0); err != nil { // StartupMessage
		return err
	}
	time.Sleep(e2eAnswers)
	const ready = "Z\x00\x00\x00\x05I"
	if _, err := io.WriteString(secure, "R\x00\x00\x00\x08\x00\x00\x00\x00"+ready); err != nil {
		return err
	}
	for {
		kind, err := readSized(secure, 1)
		if err != nil || kind[0] == 'X' {
			return err
		}
		if _, err := io.WriteString(secure, "I\x00\x00\x00\x04"+ready); err != nil { // EmptyQueryResponse
			return err
		}
	}
}

// readSized reads a message with a length of 32 bits behind its first bytes.
func readSized(r io.Reader, before int) ([]byte, error) {
	head := make([]byte, before+4)
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(head[before:])
	if n < 4 || n > 10000 {
		return nil, fmt.Errorf("a message of %d bytes", n)
	}
	_, err := io.CopyN(io.Discard, r, int64(n)-4)
	return head, err
}

// serveMySQL refuses every login. (MySQL, "Client/Server Protocol".)
func serveMySQL(c net.Conn, config *tls.Config) error {
	const (
		capabilities = 0x0008_8a09 // long password, database, 4.1, TLS, 4.1 authentication; plugins
		scramble     = "12345678\x00123456789012\x00"
	)
	var b bytes.Buffer
	b.WriteString("\x0a8.0.36\x00\x01\x00\x00\x00" + scramble[:9])
	_ = binary.Write(&b, binary.LittleEndian, uint16(capabilities&0xffff))
	b.WriteString("\x2d\x02\x00")
	_ = binary.Write(&b, binary.LittleEndian, uint16(capabilities>>16))
	b.WriteString("\x15" + strings.Repeat("\x00", 10) + scramble[9:] + "mysql_native_password\x00")
	if err := writePacket(c, 0, b.String()); err != nil {
		return err
	}
	if err := readPacket(c); err != nil { // SSLRequest
		return err
	}
	secure := tls.Server(c, config)
	if err := readPacket(secure); err != nil { // HandshakeResponse
		return err
	}
	time.Sleep(e2eAnswers)
	return writePacket(secure, 3, "\xff\x15\x04#28000the stand-in for RDS knows nobody")
}

func writePacket(w io.Writer, sequence byte, text string) error {
	_, err := io.WriteString(w, string([]byte{byte(len(text)), byte(len(text) >> 8), 0, sequence})+text)
	return err
}

func readPacket(r io.Reader) error {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return err
	}
	_, err := io.CopyN(io.Discard, r, int64(binary.LittleEndian.Uint32(head[:])&0xffffff))
	return err
}

// sesRefuses is what SES says to a client below TLS 1.2, after the handshake.
const sesRefuses = "554 Access denied: Amazon SES no longer supports TLS 1.0 and TLS 1.1 connections"

// standInForSES accepts mail after STARTTLS, and none from below TLS 1.2.
type standInForSES struct{ greeted, accepted, left atomic.Int32 }

func (s *standInForSES) serve(c net.Conn, config *tls.Config) error {
	s.greeted.Add(1)
	defer s.left.Add(1)
	// Postfix has OpenSSL refuse the signatures of TLS 1.0. This key exchange has none.
	config = config.Clone()
	config.CipherSuites = []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA}
	if _, err := io.WriteString(c, "220 "+sesName+" ESMTP\r\n"); err != nil {
		return err
	}
	lines, selected := bufio.NewReader(c), uint16(0)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return err
		}
		verb := strings.ToUpper(line[:min(4, len(line))])
		if _, err := io.WriteString(c, smtpReply(verb, selected)+"\r\n"); err != nil || verb == "QUIT" {
			return err
		}
		switch verb {
		case "STAR":
			secure := tls.Server(c, config)
			if err := secure.Handshake(); err != nil {
				return err
			}
			time.Sleep(e2eAnswers)
			c, lines, selected = secure, bufio.NewReader(secure), secure.ConnectionState().Version
		case "DATA":
			for line != ".\r\n" {
				if line, err = lines.ReadString('\n'); err != nil {
					return err
				}
			}
			if _, err := io.WriteString(c, "250 Ok\r\n"); err != nil {
				return err
			}
			s.accepted.Add(1)
		}
	}
}

func smtpReply(verb string, selected uint16) string {
	switch {
	case verb == "EHLO" && selected == 0:
		return "250-" + sesName + "\r\n250 STARTTLS"
	case verb == "MAIL" && selected < tls.VersionTLS12:
		return sesRefuses
	case verb == "STAR":
		return "220 Ready to start TLS"
	case verb == "DATA":
		return "354 End data with <CR><LF>.<CR><LF>"
	case verb == "QUIT":
		return "221 Bye"
	}
	return "250 Ok"
}
