package main

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"os"
	"strconv"
	"strings"

	"tlsfloor/parse"
)

// kind is one kind of hello, and who sent it.
type kind struct {
	text    string
	cut     bool          // the list has not all extensions
	version parse.Version // the highest offered
	hello   parse.ClientHello
	record  parse.Version
	senders []sender
}

// sender is a process, and the number of flows that it opened with a kind of hello.
type sender struct {
	process string
	flows   float64
}

// half is "A" or "B", by a hash of the hello.
func (k *kind) half() string {
	h := fnv.New32a()
	h.Write([]byte(k.text))
	return string(rune('A' + h.Sum32()>>16&1))
}

func (k *kind) below12() bool { return k.version < parse.TLSv12 }

// readKinds reads lines of hello, flows, processes and systems, separated by tabs.
func readKinds(name string) (kinds []*kind, err error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	for number, line := range strings.Split(strings.TrimSuffix(string(data), "\n"), "\n") {
		if strings.HasPrefix(line, "#") {
			continue
		}
		k, err := readKind(strings.Split(line, "\t"))
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, number+1, err)
		}
		kinds = append(kinds, k)
	}
	return kinds, nil
}

func readKind(cells []string) (*kind, error) {
	if len(cells) < 3 {
		return nil, fmt.Errorf("%d columns", len(cells))
	}
	k := &kind{text: cells[0]}
	for _, cell := range strings.Split(cells[2], "; ") {
		at := strings.LastIndex(cell, ":")
		flows, err := strconv.ParseFloat(cell[at+1:], 64)
		if at < 0 || err != nil {
			return nil, fmt.Errorf("process %q", cell)
		}
		k.senders = append(k.senders, sender{cell[:at], flows})
	}
	return k, k.build()
}

// build makes the record that k.text describes, and parses it as the sensor does.
func (k *kind) build() error {
	lists := strings.SplitN(strings.Trim(k.text, "()"), ")(", 3)
	if len(lists) < 2 {
		return fmt.Errorf("hello %q", k.text)
	}
	lists = append(lists, "") // some have no extensions
	if k.cut = lists[2] != "" && lists[2][0] != '('; k.cut {
		lists[2] = ""
	}
	version, err := hex.DecodeString(lists[0])
	if err != nil {
		return err
	}
	ciphers, err := hex.DecodeString(lists[1])
	if err != nil {
		return err
	}
	extensions, err := extensionsOf(strings.Trim(lists[2], "()"))
	if err != nil {
		return err
	}
	body := append(append([]byte(nil), version...), make([]byte, 32+1)...)
	body = append(vector(body, ciphers), 1, 0)
	if len(extensions) > 0 {
		body = vector(body, extensions)
	}
	return k.parse(body)
}

// parse reads the message's body out of a record. The version of the record, which the
// list does not have, is what clients that offer TLS 1.0 or more send first.
func (k *kind) parse(body []byte) error {
	k.record = min(parse.Version(binary.BigEndian.Uint16(body)), parse.TLSv1)
	data := binary.BigEndian.AppendUint16([]byte{byte(parse.Handshake)}, uint16(k.record))
	message := append([]byte{1, 0, byte(len(body) >> 8), byte(len(body))}, body...)
	record, _, err := parse.ReadRecord(vector(data, message))
	if err != nil {
		return err
	}
	if err := k.hello.Parse(record.Fragment[4:]); err != nil {
		return err
	}
	k.version = k.hello.LegacyVersion
	for i := range k.hello.SupportedVersions.Len() {
		if v := k.hello.SupportedVersions.At(i); !parse.GREASE(v) {
			k.version = max(k.version, parse.Version(v))
		}
	}
	return nil
}

// extensionsOf reads "0023)(000500050100000000)": types, and bodies where the list has
// them. Others are left empty.
func extensionsOf(text string) (all []byte, err error) {
	if text == "" {
		return nil, nil
	}
	for word := range strings.SplitSeq(text, ")(") {
		data, err := hex.DecodeString(word)
		if err != nil || len(data) < 2 {
			return nil, fmt.Errorf("extension %q", word)
		}
		all = append(all, data[:2]...)
		if len(data) >= 4 && int(binary.BigEndian.Uint16(data[2:])) == len(data)-4 {
			all = append(all, data[2:]...)
			continue
		}
		all = append(all, 0, 0)
	}
	return all, nil
}

// vector appends data after its length in two bytes.
func vector(dst, data []byte) []byte {
	return append(binary.BigEndian.AppendUint16(dst, uint16(len(data))), data...)
}
