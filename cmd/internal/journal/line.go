package journal

import (
	"bytes"
	"errors"
	"hash/crc32"
	"strconv"
)

// maxLine bounds a line, in bytes. An event with every field at its limit is shorter. A
// reader takes what is longer for damage.
const maxLine = 4 << 20

// A line is an event whose closing brace has moved behind two more members.
const (
	indexMember = `,"index":`
	checkMember = `,"crc32c":"`
	lineEnd     = `"}`
	// checkSize is the size of the last member with the end of the line.
	checkSize = len(checkMember) + 8 + len(lineEnd)
	// maxDigits bounds an index in decimal digits.
	maxDigits = 16
	maxIndex  = 9999999999999999
)

var (
	// errNoEvent: only objects with members have room for two more.
	errNoEvent = errors.New("it is no event: a line has to be one JSON object")
	errLong    = errors.New("it is longer than 4 MiB")
	errIndex   = errors.New("its indices are at their end: give another folder")
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

const hexDigits = "0123456789abcdef"

// appendLine appends the line of an event with this index: with its check and a
// newline. The event has no newline, and is a JSON object with members.
func appendLine(dst, event []byte, index uint64) []byte {
	start := len(dst)
	dst = append(dst, event[:len(event)-1]...)
	dst = append(dst, indexMember...)
	dst = strconv.AppendUint(dst, index, 10)
	sum := crc32.Checksum(dst[start:], castagnoli)
	dst = append(dst, checkMember...)
	for shift := 28; shift >= 0; shift -= 4 {
		dst = append(dst, hexDigits[sum>>shift&15])
	}
	return append(dst, lineEnd+"\n"...)
}

// isEvent is a cheap test of what Append is given: an object with members, on one line.
func isEvent(event []byte) bool {
	return len(event) > len(`{""}`) && event[0] == '{' && event[1] == '"' && event[len(event)-1] == '}'
}

// checked takes a line without its newline apart. Without a check that is right, ok is
// false. Its event is the bytes up to size, and a closing brace.
func checked(line []byte) (index uint64, size int, ok bool) {
	body := len(line) - checkSize
	if body < 0 || line[0] != '{' || !bytes.HasPrefix(line[body:], []byte(checkMember)) ||
		!bytes.HasSuffix(line, []byte(lineEnd)) {
		return 0, 0, false
	}
	sum, ok := parseHex(line[body+len(checkMember) : len(line)-len(lineEnd)])
	if !ok || sum != crc32.Checksum(line[:body], castagnoli) {
		return 0, 0, false
	}
	size = bytes.LastIndexByte(line[:body], ',')
	if size < 0 || !bytes.HasPrefix(line[size:body], []byte(indexMember)) {
		return 0, 0, false
	}
	index, ok = parseIndex(line[size+len(indexMember) : body])
	return index, size, ok
}

func parseHex(text []byte) (n uint32, ok bool) {
	for _, c := range text {
		digit := bytes.IndexByte([]byte(hexDigits), c)
		if digit < 0 {
			return 0, false
		}
		n = n<<4 | uint32(digit)
	}
	return n, true
}

func parseIndex(text []byte) (n uint64, ok bool) {
	for _, c := range text {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + uint64(c-'0')
	}
	return n, len(text) > 0 && len(text) <= maxDigits
}

// hasCheck reports whether a line claims to have a check.
func hasCheck(line []byte) bool {
	return len(line) > checkSize && bytes.HasPrefix(line[len(line)-checkSize:], []byte(checkMember))
}
