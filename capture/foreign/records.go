package foreign

import (
	"bytes"
	"encoding/binary"
)

// Formats without a magic number, or with a short one, are recognised by the values
// of their fields. A file that is taken for one of them by mistake is not read
// either way: only the name in the message is wrong.

func isShomiti(b []byte) bool {
	return len(b) >= 16 && string(b[:8]) == "snoop\x00\x00\x00" && binary.BigEndian.Uint32(b[8:]) >= 3
}

// isLANalyzer checks the header record, regular or cyclic: its length and version,
// and the type of the record that follows.
func isLANalyzer(b []byte) bool {
	if len(b) < 64 || b[0] != 1 && b[0] != 7 || b[1] != 0x10 {
		return false
	}
	length := int(binary.LittleEndian.Uint16(b[2:]))
	if length < 2 || length > 4096 || b[4] > 9 || b[5] > 99 {
		return false
	}
	next := 4 + length // the types of all records are 0x10xx
	return len(b) < next+4 || b[next+1] == 0x10
}

// is5View checks the key of the file header, and the type of the first record.
func is5View(b []byte) bool {
	return len(b) >= 32 && bytes.HasPrefix(b, []byte("\xaa\xaa\xaa\xaa\x20\x00\x00\x00"))
}

// isNetScaler looks for a signature in the first record, which has a header of at
// least 3 bytes.
func isNetScaler(b []byte) bool {
	b = b[:min(len(b), 64)]
	at := bytes.Index(b, []byte("NetScaler "))
	return at >= 2 && at <= 16 && bytes.Contains(b, []byte(" Performance Data"))
}

// isPeekClassic checks for version 5 to 7, of which EtherHelp sets the highest bit;
// three reserved words of zero; a known medium and physical medium; and a number of
// packets that fits into the file's length.
func isPeekClassic(b []byte) bool {
	if len(b) < 50 || b[0]&0x7f < 5 || b[0]&0x7f > 7 || !allZero(b[38:50]) {
		return false
	}
	be := binary.BigEndian
	length, packets := be.Uint32(b[2:]), be.Uint32(b[6:])
	media, physical := be.Uint32(b[22:]), be.Uint32(b[26:])
	return media <= 1 && physical <= 1 && media+physical < 2 && length >= 50 && uint64(packets)*16 < uint64(length)
}

func allZero(b []byte) bool { return len(bytes.TrimLeft(b, "\x00")) == 0 }

// isETL checks the header of a buffer (72 bytes, its length first) and the header of
// a system trace after it: version 2, of a 32-bit or 64-bit system, with the flags
// that every trace event has.
func isETL(b []byte) bool {
	if len(b) < 80 {
		return false
	}
	le := binary.LittleEndian
	size, used := le.Uint32(b), le.Uint32(b[4:])
	marker := le.Uint32(b[72:])
	return size >= 1024 && size <= 16<<20 && size%1024 == 0 && used <= size && (marker == 0xc0010002 || marker == 0xc0020002)
}

// isTar checks the magic number of POSIX and GNU or, for older archives, the
// checksum.
func isTar(b []byte) bool {
	const block, sumAt, magicAt = 512, 148, 257
	if len(b) < block {
		return false
	}
	if string(b[magicAt:magicAt+5]) == "ustar" {
		return true
	}
	sum := 8 * int(' ') // the checksum counts itself as blanks
	for i, c := range b[:block] {
		if i < sumAt || i >= sumAt+8 {
			sum += int(c)
		}
	}
	return b[0] != 0 && sum == octal(b[sumAt:sumAt+8])
}

// octal reads a number between blanks and zero bytes. It returns -1 for anything
// else.
func octal(b []byte) int {
	n, digits := 0, 0
	for _, c := range bytes.Trim(b, " \x00") {
		if c < '0' || c > '7' {
			return -1
		}
		n, digits = n<<3|int(c-'0'), digits+1
	}
	if digits == 0 {
		return -1
	}
	return n
}

// isCommView checks the headers of records, of 24 bytes: the length of the data,
// twice when nothing was cut, and a date.
func isCommView(b []byte) bool {
	return commView(b, 24, func(b []byte) (int, []byte, bool) {
		le := binary.LittleEndian
		data, original := le.Uint16(b), le.Uint16(b[2:])
		return int(data), b[5:], b[4] == 0 && (data == original || original == 0)
	})
}

// isCommViewX checks the headers of records, of 20 bytes. In some versions the
// length includes the rest of the header.
func isCommViewX(b []byte) bool {
	return commView(b, 20, func(b []byte) (int, []byte, bool) {
		length := binary.LittleEndian.Uint32(b)
		return int(min(length, maxCommView)), b[4:], length <= maxCommView
	})
}

// maxCommView bounds the length of a frame, in bytes.
const maxCommView = 256 << 10

// commView checks the first three records. read returns the length of the data and
// the date from a record's header.
func commView(b []byte, header int, read func([]byte) (length int, date []byte, ok bool)) bool {
	for records := 0; ; records++ {
		if len(b) < header {
			return records > 0
		}
		length, date, ok := read(b)
		if !ok || length == 0 || !isDate(date) {
			return false
		}
		if records == 2 {
			return true
		}
		b = b[min(header+length, len(b)):]
	}
}

// isDate checks a year of two bytes, month, day, hour, minute, second, and
// microseconds of four bytes.
func isDate(b []byte) bool {
	year := binary.LittleEndian.Uint16(b)
	return year >= 1990 && year < 2100 && b[2] >= 1 && b[2] <= 12 && b[3] >= 1 && b[3] <= 31 &&
		b[4] < 24 && b[5] < 60 && b[6] <= 60 && binary.LittleEndian.Uint32(b[7:]) < 1_000_000
}

// Types of ERF records (Endace, "Extensible Record Format Types"): 1 to 29, of which
// 27 is metadata, and 48, padding.
const (
	erfHeaderLen = 16
	erfMeta      = 27
	maxERFType   = 29
	erfPad       = 48
)

// beforeERF is the year 1990, before any capture in ERF, in seconds since 1970.
const beforeERF = 631_152_000

// isERF checks up to four records: at least two, or one that ends the file, of known
// types, with possible lengths, and with times that follow each other.
func isERF(b []byte) bool {
	var last uint64
	for records := 0; ; records++ {
		if len(b) == 0 || records == 4 {
			return records > 0
		}
		length, time, ok := erfRecord(b)
		if !ok || time != 0 && last != 0 && !near(time, last) {
			return false
		}
		if time != 0 {
			last = time
		}
		if length > len(b) {
			return records >= 2
		}
		b = b[length:]
	}
}

// erfRecord reads a record's length in bytes, and its time in units of 2 to the
// power of -32 seconds, or 0 where it has none.
func erfRecord(b []byte) (length int, time uint64, ok bool) {
	if len(b) < erfHeaderLen {
		return 0, 0, false
	}
	kind := b[8] & 0x7f // the highest bit: an extension header follows
	length = int(binary.BigEndian.Uint16(b[10:]))
	wire := int(binary.BigEndian.Uint16(b[14:]))
	switch {
	case length < erfHeaderLen:
		return 0, 0, false
	case kind == erfPad:
		return length, 0, true
	case kind == 0 || kind > maxERFType:
		return 0, 0, false
	}
	time = binary.LittleEndian.Uint64(b)
	return length, time, kind == erfMeta || wire > 0 && time>>32 > beforeERF
}

// near reports whether time is at most two seconds before last, and at most a year
// after it.
func near(time, last uint64) bool {
	const second = 1 << 32
	if time < last {
		return last-time <= 2*second
	}
	return time-last <= 366*24*60*60*second
}
