package live

import "tlsfloor/capture"

// DLT_ numbers that are not link types of the same number: 12 and 14 mean
// something else on OpenBSD, and 20 is what gopacket's eight bits leave of
// LINUX_SLL2 (276).
const (
	dltRaw        = 12
	dltRawOpenBSD = 14
	dltSLL2Cut    = capture.LinkLinuxSLL2 & 0xff
)

// linkType turns the DLT_ number of a handle, as gopacket cuts it, into a link
// type. The few others that differ are never those of an interface.
func linkType(dlt uint8, goos string) capture.LinkType {
	switch {
	case dlt == uint8(dltSLL2Cut):
		return capture.LinkLinuxSLL2
	case goos == "openbsd" && dlt == dltRaw:
		return capture.LinkLoop
	case dlt == dltRaw, goos == "openbsd" && dlt == dltRawOpenBSD:
		return capture.LinkRaw
	}
	return capture.LinkType(dlt)
}
