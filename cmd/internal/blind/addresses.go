package blind

import (
	"cmp"
	"net/netip"
	"slices"
)

// maxAddresses bounds the addresses that are told apart; the others are
// counted together.
const maxAddresses = 1024

// AddressCount is an address, and how much was counted of it.
type AddressCount struct {
	Addr  netip.Addr
	Count uint64
}

// Addresses are what was counted by address, the most frequent first.
type Addresses struct {
	List  []AddressCount // at most maxAddresses
	Total uint64         // of all, those included that List has no room for
}

// AddressCounter counts by address. Its zero value has counted nothing.
type AddressCounter struct {
	counts map[netip.Addr]uint64
	total  uint64
}

// Count counts one of an address.
func (d *AddressCounter) Count(addr netip.Addr) { d.count(addr, 1) }

func (d *AddressCounter) count(addr netip.Addr, n uint64) {
	d.total += n
	if _, ok := d.counts[addr]; !ok && len(d.counts) >= maxAddresses {
		return
	}
	if d.counts == nil {
		d.counts = make(map[netip.Addr]uint64)
	}
	d.counts[addr] += n
}

// List returns what was counted.
func (d *AddressCounter) List() Addresses {
	out := Addresses{Total: d.total}
	for addr, n := range d.counts {
		out.List = append(out.List, AddressCount{addr, n})
	}
	slices.SortFunc(out.List, func(a, b AddressCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), a.Addr.Compare(b.Addr))
	})
	return out
}

// Add adds those of another sensor.
func (d *Addresses) Add(o *Addresses) {
	if o.Total == 0 {
		return
	}
	var both AddressCounter
	for _, one := range slices.Concat(d.List, o.List) {
		both.count(one.Addr, one.Count)
	}
	both.total = d.Total + o.Total
	*d = both.List()
}
