package plaintext

import (
	"strings"

	"tlsfloor/classify/jsontext"
)

// AppendCell appends a text of this machine as a cell of a CSV file (RFC 4180): as it is,
// or in quotes. A backslash, and whatever is not printable ASCII, has the escapes of JSON.
//
// Spreadsheets take a cell for a formula if it begins with one of = + - @, and formulas
// can run programs and send data away. An apostrophe is put before such a sign. The same
// is done behind a semicolon, which separates the cells of a line in many countries.
func AppendCell(dst []byte, text string) []byte {
	if isBare(text, false) && !isFormula(text) {
		return append(dst, text...)
	}
	start := len(dst)
	return intoCell(jsontext.AppendQuoted(dst, text), start)
}

// AppendWireCell appends a text off the network, as AppendCell does. Each byte that is not
// printable ASCII is written as the code point of its number.
func AppendWireCell(dst []byte, text string) []byte {
	if isBare(text, false) && !isFormula(text) {
		return append(dst, text...)
	}
	start := len(dst)
	return intoCell(jsontext.AppendQuotedWire(dst, text), start)
}

// intoCell makes a cell of the JSON string from start on.
func intoCell(dst []byte, start int) []byte {
	end := len(dst)
	if end-start == len(`""`) {
		return dst[:start] // an empty cell
	}
	begins := false // a cell, as a spreadsheet may see it
	for i := start; i < end; i++ {
		c := dst[i]
		if begins && isSign(c) {
			dst = append(dst, '\'')
		}
		begins = i == start || c == ';' || begins && c == ' '
		if c == '\\' && dst[i+1] == '"' {
			c = '"'
		}
		dst = append(dst, c)
		if dst[i] == '\\' {
			i++
			dst = append(dst, dst[i])
		}
	}
	n := copy(dst[start:], dst[end:])
	return dst[:start+n]
}

func isFormula(text string) bool { return text != "" && isSign(text[0]) }

func isSign(c byte) bool { return strings.IndexByte("=+-@", c) >= 0 }
