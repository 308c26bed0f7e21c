package blind

import (
	"cmp"
	"net/netip"
	"slices"
)

// Unseen counts connections of which too little was captured to say which version
// of TLS they use. Each is counted once, under the first cause below that applies.
// It is not counted if both hellos were read whole, or if its first bytes show
// another protocol.
type Unseen struct {
	// CutHellos: the snapshot length cut off part of a hello, or of bytes that may
	// have been a hello.
	CutHellos uint64
	// CutJudged counts the connections in CutHellos that still gave a name and a
	// version.
	CutJudged uint64
	// GivenUp: the memory for handshakes ran out.
	GivenUp uint64
	// OneDirection: both sides sent, but the packets of only one were captured.
	OneDirection uint64
	// LongPreambles: more of another protocol came first than is read, and TLS could
	// have followed.
	LongPreambles uint64
	// LostBytes: packets with part of the handshake are missing.
	LostBytes uint64
	// OpenAtStart: the connection was open when the capture began, and its protocol
	// was not recognised.
	OpenAtStart uint64
	// CutPackets counts packets, not connections: those that the snapshot length left
	// without TCP data.
	CutPackets uint64
}

// Add adds the counts of another sensor.
func (u *Unseen) Add(o *Unseen) {
	u.CutHellos += o.CutHellos
	u.CutJudged += o.CutJudged
	u.GivenUp += o.GivenUp
	u.OneDirection += o.OneDirection
	u.LongPreambles += o.LongPreambles
	u.LostBytes += o.LostBytes
	u.OpenAtStart += o.OpenAtStart
	u.CutPackets += o.CutPackets
}

// Tunnels counts, by the sender of a tunnel, what came in it and was not believed
// or not written.
type Tunnels struct {
	// Messages counts DNS messages that were neither a query of the sender nor a
	// response to it.
	Messages Addresses
	// Clients counts handshakes whose client is not the sender.
	Clients Addresses
	// Bounded counts flagged events beyond the number that is written in a minute.
	Bounded Addresses
}

// Add adds the counts of another sensor.
func (t *Tunnels) Add(o *Tunnels) {
	t.Messages.Add(&o.Messages)
	t.Clients.Add(&o.Clients)
	t.Bounded.Add(&o.Bounded)
}

// maxAddresses bounds the addresses that are counted one by one; the others are
// in the total only.
const maxAddresses = 1024

// AddressCount is an address with its count.
type AddressCount struct {
	Addr  netip.Addr
	Count uint64
}

// Addresses are counts by address.
type Addresses struct {
	List  []AddressCount // the most frequent first, at most maxAddresses
	Total uint64         // with the addresses that List has no room for
}

// AddressCounter counts by address. The zero value is ready to use.
type AddressCounter struct {
	counts map[netip.Addr]uint64
	total  uint64
}

// Count adds one to the count of addr.
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

// List returns the counts.
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

// Add adds the counts of another sensor.
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

// Names counts by name, the first MaxTop names one by one. The zero value is ready
// to use.
type Names struct {
	counts []Item
	total  uint64
}

// Add adds one to the count of name.
func (n *Names) Add(name string) {
	n.total++
	for i := range n.counts {
		if n.counts[i].Name == name {
			n.counts[i].Count++
			return
		}
	}
	if len(n.counts) < MaxTop {
		n.counts = append(n.counts, Item{Name: name, Count: 1})
	}
}

// Merge adds the counts of another sensor.
func (n *Names) Merge(o *Names) {
	all := Names{counts: slices.Clone(n.counts), total: n.total + o.total}
	for _, x := range o.counts {
		i := slices.IndexFunc(all.counts, func(of Item) bool { return of.Name == x.Name })
		switch {
		case i >= 0:
			all.counts[i].Count += x.Count
		case len(all.counts) < MaxTop:
			all.counts = append(all.counts, x)
		}
	}
	*n = all
}

func (n *Names) items() []Item { return top(n.counts) }
