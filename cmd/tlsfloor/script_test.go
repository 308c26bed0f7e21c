package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"tlsfloor": main})
}

// TestScript runs testdata/*.txtar, which test the command line.
// $CAPTURES is the folder of recorded captures.
func TestScript(t *testing.T) {
	folder, err := filepath.Abs(captures)
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		UpdateScripts:       *update,
		Setup: func(e *testscript.Env) error {
			e.Setenv("CAPTURES", folder)
			return nil
		},
		Condition: condition,
		Cmds:      scriptCommands,
	})
}

// scriptCommands are the commands of the scripts besides those of testscript.
var scriptCommands = map[string]func(ts *testscript.TestScript, negated bool, args []string){
	"unhex": unhex, "cut": cut, "snap": snap, "handshakes": handshakes, "flip": flipBit,
}

// unhex FROM TO writes the bytes that FROM has in hexadecimal.
func unhex(ts *testscript.TestScript, _ bool, args []string) {
	text := strings.Join(strings.Fields(ts.ReadFile(args[0])), "")
	b, err := hex.DecodeString(text)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), b, 0o644))
}

// flip FILE N changes a bit of byte N.
func flipBit(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	b, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	b[n] ^= 1
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b, 0o644))
}

// cut FROM N TO writes FROM without its last N bytes.
func cut(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	b, err := os.ReadFile(args[0])
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), b[:len(b)-n], 0o644))
}

// snap FROM N TO writes the capture FROM, a little-endian pcap file, as it would be with a snapshot length of N.
func snap(ts *testscript.TestScript, _ bool, args []string) {
	const header, record = 24, 16
	n, err := strconv.ParseUint(args[1], 10, 32)
	ts.Check(err)
	b, err := os.ReadFile(args[0])
	ts.Check(err)
	out := b[:header:header]
	for b = b[header:]; len(b) > 0; {
		captured := binary.LittleEndian.Uint32(b[8:])
		kept := min(captured, uint32(n))
		out = binary.LittleEndian.AppendUint32(append(out, b[:8]...), kept)
		out = append(append(out, b[12:record]...), b[record:][:kept]...)
		b = b[record+captured:]
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), out, 0o644))
}

// handshakes PORT VERSION NAME makes handshakes of a version on loopback, several in two
// seconds, because a capture takes a moment to begin.
func handshakes(ts *testscript.TestScript, _ bool, args []string) {
	version := map[string]uint16{"1.0": tls.VersionTLS10, "1.2": tls.VersionTLS12}[args[1]]
	listener, err := tls.Listen("tcp", "127.0.0.1:"+args[0], serverConfig(ts))
	ts.Check(err)
	defer listener.Close()
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(c, c); c.Close() }()
		}
	}()
	for range 8 {
		c, err := tls.Dial("tcp", listener.Addr().String(), &tls.Config{
			ServerName: args[2], InsecureSkipVerify: true, MinVersion: version, MaxVersion: version,
		})
		ts.Check(err)
		c.Close()
		time.Sleep(250 * time.Millisecond)
	}
}

// serverConfig returns the configuration of a server that accepts every version.
func serverConfig(ts *testscript.TestScript) *tls.Config {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ts.Check(err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	ts.Check(err)
	return &tls.Config{MinVersion: tls.VersionTLS10, Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
}

// condition implements [root], and [mounts] for a root who may change what is mounted for a
// program that it starts; testscript has other conditions.
func condition(name string) (bool, error) {
	switch name {
	case "root":
		return os.Geteuid() == 0, nil
	case "mounts":
		return exec.Command("unshare", "-m", "true").Run() == nil, nil
	}
	return false, fmt.Errorf("no such condition: %s", name)
}
