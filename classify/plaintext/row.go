package plaintext

import (
	"net/netip"
	"strconv"
	"strings"

	"tlsfloor/classify/jsontext"
)

// Row is the beginning of a row of CSV. Each cell ends with a comma.
type Row []byte

// Own appends one of our words, which need no quotes.
func (r Row) Own(word string) Row { return append(append(r, word...), ',') }

// Local appends text of this machine, as AppendCell does.
func (r Row) Local(text string) Row { return append(AppendCell(r, text), ',') }

// Wire appends text off the network, as AppendWireCell does.
func (r Row) Wire(text string) Row { return append(AppendWireCell(r, text), ',') }

// List appends texts of this machine in one cell, with spaces between them.
func (r Row) List(texts []string) Row {
	if len(texts) == 0 {
		return append(r, ',')
	}
	return r.Local(strings.Join(texts, " "))
}

// Numbers appends numbers in one cell, with spaces between them.
func (r Row) Numbers(all []uint16) Row {
	for i, n := range all {
		if i > 0 {
			r = append(r, ' ')
		}
		r = strconv.AppendUint(r, uint64(n), 10)
	}
	return append(r, ',')
}

// Number appends a number.
func (r Row) Number(n uint64) Row { return append(strconv.AppendUint(r, n, 10), ',') }

// Time appends nanoseconds since the Unix epoch, in the format of RFC 3339 in UTC.
func (r Row) Time(ns int64) Row { return append(jsontext.AppendTimestamp(r, ns), "Z,"...) }

// Bool appends true or false.
func (r Row) Bool(yes bool) Row { return append(strconv.AppendBool(r, yes), ',') }

// End appends an address and a port, in a cell each.
func (r Row) End(a netip.AddrPort) Row {
	if !a.IsValid() {
		return append(r, ",,"...)
	}
	r = append(a.Addr().WithZone("").AppendTo(r), ',')
	return r.Number(uint64(a.Port()))
}

// None appends n empty cells.
func (r Row) None(n int) Row {
	for range n {
		r = append(r, ',')
	}
	return r
}
