package client_test

import (
	"cmp"
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tlsfloor/parse"
)

// opening is the first hello of a client, and its record's version.
type opening struct {
	hello  parse.ClientHello
	record parse.Version
}

// segment is what a packet carries over TCP.
type segment struct {
	port uint16 // the sender's
	seq  uint32
	data []byte
}

// openings reads the client hellos of a capture: plain pcap of Ethernet with
// IP and TCP, whose hellos come in order. Of anything else it finds nothing.
func openings(t testing.TB, file string) (found []opening) {
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var streams = map[uint16][]segment{}
	for _, frame := range frames(data) {
		if s, ok := tcp(frame); ok {
			streams[s.port] = append(streams[s.port], s)
		}
	}
	ports := make([]uint16, 0, len(streams))
	for port := range streams {
		ports = append(ports, port)
	}
	slices.Sort(ports)
	for _, port := range ports {
		if o, ok := first(assemble(streams[port])); ok {
			found = append(found, o)
		}
	}
	return found
}

// frames splits a pcap file of Ethernet, in either byte order, into packets.
func frames(data []byte) (frames [][]byte) {
	if len(data) < 24 {
		return nil
	}
	var order binary.ByteOrder = binary.LittleEndian
	if data[0] == 0xa1 {
		order = binary.BigEndian
	}
	if order.Uint32(data[20:]) != 1 {
		return nil
	}
	for data = data[24:]; len(data) >= 16; {
		size := int(order.Uint32(data[8:]))
		if len(data) < 16+size {
			break
		}
		frames, data = append(frames, data[16:16+size]), data[16+size:]
	}
	return frames
}

// tcp reads a frame; false when it carries no bytes over TCP.
func tcp(frame []byte) (s segment, ok bool) {
	if len(frame) < 14+20 {
		return s, false
	}
	var packet []byte
	switch ip := frame[14:]; binary.BigEndian.Uint16(frame[12:]) {
	case 0x0800:
		if length := int(binary.BigEndian.Uint16(ip[2:])); ip[9] == 6 && length <= len(ip) {
			packet = ip[int(ip[0]&15)*4 : length]
		}
	case 0x86dd:
		if len(ip) > 40 && ip[6] == 6 {
			packet = ip[40:]
		}
	}
	if len(packet) < 20 || len(packet) <= int(packet[12]>>4)*4 {
		return s, false
	}
	return segment{
		port: binary.BigEndian.Uint16(packet),
		seq:  binary.BigEndian.Uint32(packet[4:]),
		data: packet[int(packet[12]>>4)*4:],
	}, true
}

// assemble joins segments by their numbers, without repetitions.
func assemble(segments []segment) (stream []byte) {
	start := segments[0].seq
	slices.SortStableFunc(segments, func(a, b segment) int { return cmp.Compare(a.seq-start, b.seq-start) })
	for _, s := range segments {
		if int(s.seq-start) == len(stream) {
			stream = append(stream, s.data...)
		}
	}
	return stream
}

// first reads the ClientHello that stream begins with.
func first(stream []byte) (o opening, ok bool) {
	if _, err := o.hello.ReadSSLv2(stream); err == nil {
		return o, true
	}
	var message []byte
	for record := stream; len(record) > 0; {
		r, size, err := parse.ReadRecord(record)
		if err != nil || r.Type != parse.Handshake {
			break
		}
		if message == nil {
			o.record = r.Version
		}
		message, record = append(message, r.Fragment...), record[size:]
	}
	if len(message) < 4 || message[0] != 1 {
		return o, false
	}
	size := int(message[1])<<16 | int(message[2])<<8 | int(message[3])
	return o, len(message) >= 4+size && o.hello.Parse(message[4:4+size]) == nil
}

// readTable reads tab-separated text with a line of names into maps.
func readTable(t testing.TB, path ...string) (rows []map[string]string) {
	data, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" || line[0] == '#' {
			continue
		}
		cells := strings.Split(line, "\t")
		if names == nil {
			names = cells
			continue
		}
		row := map[string]string{}
		for i, cell := range cells {
			row[names[i]] = cell
		}
		rows = append(rows, row)
	}
	return rows
}
