package blind

import (
	"encoding/binary"
	"net/netip"
	"testing"
)

func TestAddressesAreBounded(t *testing.T) {
	var d AddressCounter
	for i := range 3 * maxAddresses {
		var ip [4]byte
		binary.BigEndian.PutUint32(ip[:], uint32(i))
		d.count(netip.AddrFrom4(ip), uint64(i%7+1))
	}
	whole := d.List()
	if len(whole.List) != maxAddresses || whole.Total < 3*maxAddresses || whole.List[0].Count != 7 {
		t.Errorf("%d addresses, %d in all", len(whole.List), whole.Total)
	}
	other := d.List()
	other.Add(&whole)
	if len(other.List) != maxAddresses || other.Total != 2*whole.Total || other.List[0].Count != 14 {
		t.Errorf("added: %d addresses, %d in all", len(other.List), other.Total)
	}
}
