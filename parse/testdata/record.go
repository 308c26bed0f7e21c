//go:build ignore

// Record writes the hellos in this folder. Run it here: go run record.go
//
// Real clients and openssl s_server talk over loopback; what each sends first
// is kept as it came. A client that is not installed is passed over, with a
// note. chrome-like.bin is put together by hand, see chrome.
package main

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

const name = "dynamodb.us-west-2.amazonaws.com"

// clients are command lines; PORT is replaced, and ~ stands for a space inside
// an argument.
var clients = map[string]string{
	"openssl":       "openssl s_client -connect 127.0.0.1:PORT -servername " + name,
	"openssl-nosni": "openssl s_client -connect 127.0.0.1:PORT -noservername",
	"openssl-tls1":  "openssl s_client -connect 127.0.0.1:PORT -tls1 -cipher ALL:@SECLEVEL=0 -fallback_scsv -servername " + name,
	"openssl-tls11": "openssl s_client -connect 127.0.0.1:PORT -tls1_1 -cipher ALL:@SECLEVEL=0 -servername " + name,
	"openssl-tls12": "openssl s_client -connect 127.0.0.1:PORT -tls1_2 -alpn h2,http/1.1 -servername " + name,
	"openssl-tls13": "openssl s_client -connect 127.0.0.1:PORT -tls1_3 -servername " + name,
	"curl":          "curl -sk -m 2 --connect-to ::127.0.0.1:PORT https://" + name + "/",
	"node":          "node -e require('https').get({host:'127.0.0.1',port:PORT,servername:'" + name + "'}).on('error',()=>{})",
	"gnutls":        "gnutls-cli --insecure --sni-hostname=" + name + " -p PORT 127.0.0.1",
	"python":        "python3 -c import~socket,ssl;c=ssl.create_default_context();c.wrap_socket(socket.create_connection(('127.0.0.1',PORT)),server_hostname='" + name + "')",
}

// servers are the options of openssl s_server and of the s_client that it
// answers.
var servers = map[string][2]string{
	"server-tls1":  {"-tls1 -cipher ALL:@SECLEVEL=0", "-tls1 -cipher ALL:@SECLEVEL=0"},
	"server-tls11": {"-tls1_1 -cipher ALL:@SECLEVEL=0", "-tls1_1 -cipher ALL:@SECLEVEL=0"},
	"server-tls12": {"-tls1_2 -alpn h2,http/1.1", "-tls1_2 -alpn h2"},
	"server-tls13": {"-tls1_3", "-tls1_3"},
	// The client sends a share for a group that the server does not take.
	"server-hrr":     {"-tls1_3 -groups P-384", "-tls1_3 -groups X25519:P-384"},
	"server-refusal": {"-tls1_2", "-tls1_1 -cipher ALL:@SECLEVEL=0"},
	// Held to TLS 1.2 by the client: the random carries the sentinel.
	"server-sentinel": {"", "-tls1_2"},
}

func main() {
	for file, command := range clients {
		save("client-"+file, recordClient(command))
	}
	save("client-go", recordGo())
	save("client-chrome-like", chrome(false))
	save("client-chrome-like-pq", chrome(true))
	cert := makeCertificate()
	defer os.RemoveAll(filepath.Dir(cert))
	for file, options := range servers {
		save(file, recordServer(cert, options[0], options[1]))
	}
}

func save(file string, data []byte) {
	if len(data) == 0 {
		fmt.Fprintln(os.Stderr, file+": nothing recorded")
		return
	}
	check(os.WriteFile(file+".bin", data, 0o644))
}

// recordClient returns what a client sends first.
func recordClient(command string) []byte {
	return accept(func(port string) {
		args := strings.Fields(strings.ReplaceAll(command, "PORT", port))
		for i, arg := range args {
			args[i] = strings.ReplaceAll(arg, "~", " ")
		}
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		exec.CommandContext(ctx, args[0], args[1:]...).Run()
	})
}

func recordGo() []byte {
	return accept(func(port string) {
		if c, err := tls.Dial("tcp", "127.0.0.1:"+port, &tls.Config{ServerName: name, NextProtos: []string{"h2", "http/1.1"}}); err == nil {
			c.Close()
		}
	})
}

// accept starts a client and reads one record from it.
func accept(client func(port string)) []byte {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	defer l.Close()
	done := make(chan bool)
	go func() {
		client(fmt.Sprint(l.Addr().(*net.TCPAddr).Port))
		close(done)
	}()
	l.(*net.TCPListener).SetDeadline(time.Now().Add(3 * time.Second))
	c, err := l.Accept()
	if err != nil {
		return nil
	}
	data := readRecord(c)
	c.Close()
	<-done
	return data
}

func readRecord(c net.Conn) []byte {
	c.SetReadDeadline(time.Now().Add(3 * time.Second))
	data := make([]byte, 5)
	if _, err := io.ReadFull(c, data); err != nil {
		return nil
	}
	data = append(data, make([]byte, binary.BigEndian.Uint16(data[3:]))...)
	if _, err := io.ReadFull(c, data[5:]); err != nil {
		return nil
	}
	return data
}

// recordServer relays a client to openssl s_server, and returns what the server
// sent.
func recordServer(cert, server, client string) []byte {
	port := freePort()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	s := exec.CommandContext(ctx, "openssl", append([]string{"s_server", "-quiet", "-accept", "127.0.0.1:" + port,
		"-cert", cert, "-key", cert}, strings.Fields(server)...)...)
	check(s.Start())
	defer s.Wait()
	time.Sleep(500 * time.Millisecond)
	var sent []byte
	accept := func(c net.Conn) {
		up, err := net.Dial("tcp", "127.0.0.1:"+port)
		check(err)
		go io.Copy(up, c)
		buf := make([]byte, 1<<16)
		for {
			n, err := up.Read(buf)
			sent = append(sent, buf[:n]...)
			c.Write(buf[:n])
			if err != nil {
				c.Close()
				return
			}
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	defer l.Close()
	go exec.CommandContext(ctx, "openssl", append([]string{"s_client", "-connect", l.Addr().String(),
		"-servername", name}, strings.Fields(client)...)...).Run()
	c, err := l.Accept()
	check(err)
	accept(c)
	return sent
}

func freePort() string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	defer l.Close()
	return fmt.Sprint(l.Addr().(*net.TCPAddr).Port)
}

// makeCertificate makes a key and certificate in one PEM file.
func makeCertificate() string {
	dir, err := os.MkdirTemp("", "record")
	check(err)
	pem := filepath.Join(dir, "pem")
	check(exec.Command("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650",
		"-subj", "/C=GB/O=Example, Ltd./OU=a+OU=b/CN=dynamodb.us-west-2.amazonaws.com",
		"-addext", "subjectAltName=DNS:dynamodb.us-west-2.amazonaws.com,DNS:*.us-west-2.amazonaws.com,IP:192.0.2.1",
		"-keyout", pem, "-out", pem+".crt").Run())
	crt, err := os.ReadFile(pem + ".crt")
	check(err)
	key, err := os.ReadFile(pem)
	check(err)
	check(os.WriteFile(pem, append(key, crt...), 0o600))
	return pem
}

// chrome puts together a hello of 517 bytes as Chrome sent it before it had
// post-quantum key shares: GREASE at both ends of the extensions, and in
// ciphers, groups, versions and key shares.
//
// With postQuantum, it has an X25519MLKEM768 share, as Chrome has since 2024,
// an encrypted_client_hello, and no padding.
func chrome(postQuantum bool) []byte {
	groups, shares := u16(0x3a3a, 29, 23, 24), cat(u16(0x3a3a), vec16([]byte{0}), u16(29), vec16(fill(32)))
	if postQuantum {
		groups = u16(0x3a3a, 4588, 29, 23, 24)
		shares = cat(u16(0x3a3a), vec16([]byte{0}), u16(4588), vec16(fill(1216)), u16(29), vec16(fill(32)))
	}
	ciphers := u16(0x1a1a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x9c, 0x9d, 0x2f, 0x35)
	extensions := cat(
		ext(0x2a2a, nil),
		ext(0, vec16(cat([]byte{0}, vec16([]byte(name))))),
		ext(23, nil),
		ext(0xff01, []byte{0}),
		ext(10, vec16(groups)),
		ext(11, []byte{1, 0}),
		ext(35, nil),
		ext(16, vec16(cat(vec8([]byte("h2")), vec8([]byte("http/1.1"))))),
		ext(5, []byte{1, 0, 0, 0, 0}),
		ext(13, vec16(u16(0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601))),
		ext(18, nil),
		ext(51, vec16(shares)),
		ext(45, []byte{1, 1}),
		ext(43, vec8(u16(0x4a4a, 0x0304, 0x0303))),
		ext(27, vec8(u16(2))),
		ext(0x4469, vec16(vec8([]byte("h2")))),
	)
	if postQuantum {
		extensions = cat(extensions, ext(0xfe0d, fill(186)))
	}
	extensions = cat(extensions, ext(0x5a5a, []byte{0}))
	body := cat(u16(0x0303), fill(32), vec8(fill(32)), vec16(ciphers), []byte{1, 0})
	if padding := 512 - 4 - len(body) - 2 - len(extensions) - 4; padding > 0 {
		extensions = cat(extensions, ext(21, make([]byte, padding)))
	}
	body = cat(body, vec16(extensions))
	message := cat([]byte{1, 0}, vec16(body))
	return cat([]byte{22, 3, 1}, vec16(message))
}

func ext(typ uint16, data []byte) []byte { return cat(u16(typ), vec16(data)) }

func u16(list ...uint16) (b []byte) {
	for _, v := range list {
		b = binary.BigEndian.AppendUint16(b, v)
	}
	return b
}

func vec8(b []byte) []byte { return cat([]byte{byte(len(b))}, b) }

func vec16(b []byte) []byte { return cat(u16(uint16(len(b))), b) }

func fill(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(0x80 + i)
	}
	return b
}

func cat(parts ...[]byte) (b []byte) {
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
