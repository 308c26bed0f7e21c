package main

import (
	"bufio"
	"encoding/binary"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"
)

// captureHeader begins a capture of Ethernet frames.
func captureHeader() []byte {
	b := binary.LittleEndian.AppendUint32(nil, 0xa1b2c3d4)
	return append(b, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0)
}

// appendRecords appends the packets of a client's handshake.
func appendRecords(b []byte, s script, n int) []byte {
	const begin, each = 1_700_000_000, 100 // seconds; microseconds from one client to the next
	for _, frame := range s.frames(clientOf(n)) {
		b = binary.LittleEndian.AppendUint32(b, uint32(begin+n*each/1_000_000))
		b = binary.LittleEndian.AppendUint32(b, uint32(n*each%1_000_000))
		b = binary.LittleEndian.AppendUint32(b, uint32(len(frame)))
		b = binary.LittleEndian.AppendUint32(b, uint32(len(frame)))
		b = append(b, frame...)
	}
	return b
}

// writeCapture writes the handshakes of so many clients.
func writeCapture(t *testing.T, name string, s script, n int) {
	t.Helper()
	f, err := os.Create(name)
	must(t, err)
	to := bufio.NewWriter(f)
	_, err = to.Write(captureHeader())
	must(t, err)
	for i := range n {
		_, err = to.Write(appendRecords(nil, s, i))
		must(t, err)
	}
	must(t, to.Flush())
	must(t, f.Close())
}

// testAllOutputs sends 10,000 events a second to outputs of all kinds. The sensor reads the
// packets from a pipe: it waits when the journal is full, and so the rate falls before an
// event is lost.
func testAllOutputs(t *testing.T, binary string) {
	l := newPipeline(t, binary)
	l.add("udp")
	l.add(acknowledging...)
	const rate = 10_000
	n := soak(rate, 60*rate)
	packets := l.readPipe()
	_, err := packets.Write(captureHeader())
	must(t, err)
	l.sensor.await("there is a journal", func() bool { _, err := os.Stat(l.journal + "/cursors"); return err == nil })
	l.ship()
	began := time.Now()
	var feeding time.Duration
	peaks := l.memoryDuring(func() {
		to := bufio.NewWriterSize(packets, 64<<10)
		var b []byte
		paced(n, rate, func(i int) {
			b = appendRecords(b[:0], l.script, i)
			_, err = to.Write(b)
		})
		must(t, err)
		must(t, to.Flush())
		packets.Close()
		feeding = time.Since(began)
		l.acknowledged().awaitReceived(n)
	})
	took := time.Since(began)
	text := l.acknowledged().wantAll(n, 0)
	sensor, shipper := l.sensor.wait(), l.shipper.stop()
	t.Logf("figures: %d events, %.0f a second, to outputs of %d kinds, delivered %v after the last; sensor %s, shipper %s; %s%s",
		n, float64(n)/feeding.Seconds(), len(l.ends), (took - feeding).Round(time.Second/10), peaks[0], peaks[1], l.ends[0], text)
	if sensor != 0 || shipper != 0 || peaks[1].anonymous > shipperMost {
		t.Errorf("status %d and %d, %s: %s", sensor, shipper, peaks[1], l.shipper.said())
	}
}

// readPipe starts a sensor that reads a capture from a pipe.
func (l *pipeline) readPipe() io.WriteCloser {
	l.t.Helper()
	cmd := exec.Command(l.binary, "-r", "-", "-o", "journal:"+l.journal+l.options)
	packets, err := cmd.StdinPipe()
	must(l.t, err)
	l.sensor = l.w.here.start(l.t, cmd)
	return packets
}

// acknowledged is the pipeline with the far ends that lose nothing.
func (l *pipeline) acknowledged() *pipeline {
	few := *l
	few.ends = nil
	for _, end := range l.ends {
		if end.kind != "udp" {
			few.ends = append(few.ends, end)
		}
	}
	return &few
}
