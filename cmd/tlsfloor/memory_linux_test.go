package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tlsfloor/capture/decode"
	"tlsfloor/capture/testing/wrap"
	"tlsfloor/cmd/internal/memory"
)

// prefixed puts a length field of n bytes before b.
func prefixed(bytes int, b []byte) []byte {
	var n [8]byte
	binary.BigEndian.PutUint64(n[:], uint64(len(b)))
	return append(n[8-bytes:8:8], b...)
}

// record returns a handshake message in a record of TLS 1.0.
func record(kind byte, body []byte) []byte {
	return append([]byte{22, 3, 1}, prefixed(2, append([]byte{kind}, prefixed(3, body)...))...)
}

// clientHello offers at most TLS 1.0, and has the given length.
func clientHello(host string, ciphers []uint16, length int) []byte {
	name := append([]byte{0}, prefixed(2, []byte(host))...)
	extensions := append([]byte{0, 0}, prefixed(2, prefixed(2, name))...)
	body := append([]byte{3, 1}, make([]byte, 32)...)
	body = append(body, 0) // no session
	var list []byte
	for _, c := range ciphers {
		list = binary.BigEndian.AppendUint16(list, c)
	}
	body = append(append(body, prefixed(2, list)...), 1, 0)
	if missing := length - len(body) - len(extensions) - 15; missing > 0 {
		extensions = append(append(extensions, 0, 21), prefixed(2, make([]byte, missing))...)
	}
	return record(1, append(body, prefixed(2, extensions)...))
}

// serverHello selects TLS 1.0.
func serverHello(cipher uint16) []byte {
	body := append([]byte{3, 1}, make([]byte, 33)...)
	return record(2, append(body, byte(cipher>>8), byte(cipher), 0))
}

var memoryServer = netip.MustParseAddrPort("192.0.2.10:443")

// floods fill the memory of a sensor. Each function gets the number of the attempt.
var memoryFloods = map[string]func(c *capturing, i int){
	"half hellos": func(c *capturing, i int) {
		from := attackerOf(i)
		c.segment(from, memoryServer, decode.SYN, 0, nil)
		c.segment(from, memoryServer, decode.ACK, 1, floodHello[:1200])
	},
	"whole hellos": func(c *capturing, i int) {
		from := attackerOf(i)
		c.segment(from, memoryServer, decode.SYN, 0, nil)
		c.segment(from, memoryServer, decode.ACK, 1, floodHello)
	},
	// Each hello is unlike all others.
	"kinds of hellos": func(c *capturing, i int) {
		ciphers := make([]uint16, 200)
		for n := range ciphers {
			ciphers[n] = uint16(i*131 + n*7)
		}
		from := attackerOf(i)
		c.segment(from, memoryServer, decode.ACK, 1, clientHello(fmt.Sprintf("bucket-%d.s3.amazonaws.com", i), ciphers, 0))
		c.segment(memoryServer, from, decode.ACK, 1, serverHello(uint16(i)))
	},
	// As many clients as the summary keeps, each with as many destinations, with names as
	// long as they may be.
	"clients in the summary": func(c *capturing, i int) {
		const clients, perClient = 500, 300
		from := attackerOf(i % clients)
		from = netip.AddrPortFrom(from.Addr(), uint16(1024+i/clients))
		label := fmt.Sprintf("%060d", i/clients%perClient*clients+i%clients)
		name := strings.Repeat(label+".", 3) + label[15:] + ".s3.amazonaws.com"
		c.segment(from, memoryServer, decode.ACK, 1, clientHello(name, []uint16{0x2f, 0x35}, 0))
		c.segment(memoryServer, from, decode.ACK, 1, serverHello(0x2f))
	},
	// Names as long as DNS allows, with many addresses, each for another client.
	"DNS": func(c *capturing, i int) {
		client, resolver := attackerOf(i/4), netip.MustParseAddrPort("192.0.2.53:53")
		c.add(wrap.Ethernet(wrap.UDP(resolver, client, dnsAnswer(i))))
	},
}

var floodHello = clientHello("dynamodb.us-east-1.amazonaws.com", []uint16{0x2f, 0x35}, 4600)

// dnsAnswer gives a name of 253 bytes sixteen addresses.
func dnsAnswer(i int) []byte {
	const addresses = 16
	b := binary.BigEndian.AppendUint16(nil, uint16(i))
	b = append(b, 0x81, 0x80, 0, 1, 0, addresses, 0, 0, 0, 0)
	label := fmt.Sprintf("%061d", i)
	for range 4 {
		b = append(append(b, byte(len(label))), label...)
	}
	b = append(b, 3, 'c', 'o', 'm', 0, 0, 1, 0, 1)
	for n := range addresses {
		b = append(b, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0xff, 0, 0, 4)
		b = binary.BigEndian.AppendUint32(b, uint32(i*addresses+n))
	}
	return b
}

// peakOf runs the program and returns its peak memory in MiB, as the kernel counts it:
// VmHWM, with the program's text.
func peakOf(t *testing.T, cmd *exec.Cmd, feed func(io.Writer)) (peak int, said string) {
	t.Helper()
	var messages strings.Builder
	cmd.Stderr = &messages
	var stdin io.WriteCloser
	var err error
	if feed != nil {
		stdin, err = cmd.StdinPipe()
		must(t, err)
	}
	must(t, cmd.Start())
	ended := make(chan error, 1)
	if feed != nil {
		go func() { feed(stdin); stdin.Close() }()
	}
	go func() { ended <- cmd.Wait() }()
	path := fmt.Sprintf("/proc/%d/status", cmd.Process.Pid)
	for {
		peak = max(peak, kibibytes(status(path, "VmHWM")))
		select {
		case err := <-ended:
			if _, exited := err.(*exec.ExitError); err != nil && !exited {
				t.Fatal(err)
			}
			return peak >> 10, messages.String()
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// TestMemoryHolds floods the program and checks its memory.
func TestMemoryHolds(t *testing.T) {
	if testing.Short() {
		t.Skip("make quick leaves out what takes seconds of work")
	}
	binary := build(t)
	for name, flood := range memoryFloods {
		for _, memory := range []int{64, 256} {
			for _, workers := range []int{1, 8} {
				t.Run(fmt.Sprintf("%s/%d MiB/%d workers", name, memory, workers), func(t *testing.T) {
					checkPeak(t, binary, flood, memory, workers)
				})
			}
		}
		t.Run(name+"/64 MiB, with packets", func(t *testing.T) {
			checkPeak(t, binary, flood, 64, 2, "-w", filepath.Join(t.TempDir(), "packets"))
		})
	}
}

// checkPeak floods the program and checks its memory, in MiB.
func checkPeak(t *testing.T, binary string, flood func(*capturing, int), memory, workers int, options ...string) {
	t.Helper()
	attempts := 150_000
	if raceDetector {
		attempts = 40_000
	}
	cmd := exec.Command(binary, append(options, "-q", "-r", "-", "--emit", "all",
		"-o", "file:"+filepath.Join(t.TempDir(), "events"), "--memory", fmt.Sprint(memory), "--workers", fmt.Sprint(workers))...)
	peak, said := peakOf(t, cmd, func(w io.Writer) {
		c := newCapturing(w)
		for i := range attempts {
			flood(c, i)
		}
		_ = c.Flush()
	})
	t.Logf("figures: %d MiB at the peak, of --memory %d", peak, memory)
	if peak == 0 || peak > memory+memoryBeside {
		t.Errorf("%d MiB held, of --memory %d and %d for the program's text\n%s", peak, memory, memoryBeside, said)
	}
}

// memoryBeside is memory.TextBeside in MiB.
const memoryBeside = memory.TextBeside >> 20

// TestMemoryHoldsForCompressedCaptures reads captures of the same time, each with the
// largest window of its compressor, or one for which the memory is too small.
func TestMemoryHoldsForCompressedCaptures(t *testing.T) {
	if testing.Short() {
		t.Skip("make quick leaves out what takes seconds of work")
	}
	binary, folder := build(t), t.TempDir()
	plain := filepath.Join(folder, "plain.pcap")
	writeWide(t, plain, 140<<20)
	for _, tt := range []struct {
		command string
		files   int
		least   int // --memory in MiB with which all are read
	}{
		{"zstd -1 --long=27", 12, 256}, {"zstd -1 --long=23", 40, 64}, {"xz -0 --lzma2=dict=64MiB,mode=fast,mf=hc3,nice=2", 3, 128},
		{"lz4 -1", 40, 64}, {"bzip2 -1", 3, 64}, {"gzip -1", 40, 64},
	} {
		words := strings.Fields(tt.command)
		if _, err := exec.LookPath(words[0]); err != nil {
			t.Logf("%s is not here", words[0])
			continue
		}
		packed := filepath.Join(folder, words[0])
		out, err := os.Create(packed)
		must(t, err)
		pack := exec.Command(words[0], append(words[1:], "-c", plain)...)
		pack.Stdout = out
		must(t, pack.Run())
		must(t, out.Close())
		for _, memory := range []int{64, 256} {
			for _, workers := range []int{1, 8} {
				t.Run(fmt.Sprintf("%d of %s/%d MiB/%d workers", tt.files, tt.command, memory, workers), func(t *testing.T) {
					cmd := exec.Command(binary, "-q", "--memory", fmt.Sprint(memory), "--workers", fmt.Sprint(workers), "--stats-every", "1h")
					for range tt.files {
						cmd.Args = append(cmd.Args, "-r", packed)
					}
					var events strings.Builder
					cmd.Stdout = &events
					peak, said := peakOf(t, cmd, nil)
					t.Logf("figures: %d MiB at the peak, of --memory %d", peak, memory)
					if peak == 0 || peak > memory+memoryBeside {
						t.Errorf("%d MiB held, of --memory %d", peak, memory)
					}
					want := fmt.Sprintf(`"packets":%d,`, tt.files*(140<<20)/wideFrame)
					switch read := strings.Contains(events.String(), want); {
					case memory >= tt.least && (!read || strings.Contains(said, "give --memory")):
						t.Errorf("not everything was read: %s\n%s", events.String(), said)
					case memory < tt.least && strings.Count(said, ": give --memory ") != tt.files:
						t.Errorf("it is not said of each how much it needs: %s", said)
					}
				})
			}
		}
	}
}

// wideFrame is a packet that compresses well, with its header.
const wideFrame = 64 << 10

// writeWide writes a capture of this size.
func writeWide(t *testing.T, name string, size int) {
	t.Helper()
	file, err := os.Create(name)
	must(t, err)
	c, frame := newCapturing(file), make([]byte, wideFrame-16)
	for range size / wideFrame {
		c.add(frame)
	}
	must(t, c.Flush())
	must(t, file.Close())
}
