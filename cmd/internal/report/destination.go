package report

import (
	"cmp"
	"net/netip"
	"strconv"
	"strings"

	"tlsfloor/classify"
)

// destination is where flagged flows went.
type destination struct {
	host string // empty: not known
	// at has the address and port of the server where there is no host, and those of the
	// proxy that was asked for the host; else the port alone.
	at              netip.AddrPort
	service, region string // of AWS, where the address alone tells
}

// maxHost bounds a host name, in bytes. Names in DNS are not longer. One that is too long
// loses its beginning: the end says whose it is.
const maxHost = 253

func destinationOf(f *classify.Finding) destination {
	d := destination{host: f.Host, at: f.Server}
	if len(d.host) > maxHost {
		d.host = strings.Clone(d.host[len(d.host)-maxHost:])
	}
	switch {
	case d.host == "" && f.AWS != nil:
		d.service, d.region = f.AWS.Service, f.AWS.Region
	case d.host != "" && f.HostSource != classify.NameConnect:
		d.at = netip.AddrPortFrom(netip.Addr{}, f.Server.Port())
	}
	d.at = netip.AddrPortFrom(d.at.Addr().WithZone(""), d.at.Port())
	return d
}

func (a destination) compare(b destination) int {
	if c := strings.Compare(a.host, b.host); c != 0 {
		return c
	}
	if c := a.at.Compare(b.at); c != 0 {
		return c
	}
	return cmp.Or(strings.Compare(a.service, b.service), strings.Compare(a.region, b.region))
}

func (d *destination) text() string {
	host := printable(d.host)
	switch {
	case host == "" && !d.at.Addr().IsValid():
		return "an unknown destination"
	case host == "":
		known := strings.TrimRight("known by its address only: "+strings.TrimSpace(printable(d.service+" "+d.region)), ": ")
		return d.at.String() + " (" + known + ")"
	case d.at.Addr().IsValid():
		return host + " through the proxy " + d.at.String()
	case d.at.Port() == 0:
		return host
	}
	return host + ":" + strconv.Itoa(int(d.at.Port()))
}
