package starttls

import "bytes"

// Telnet commands (RFC 854) and the START_TLS option
// (https://www.iana.org/assignments/telnet-options, 46).
const (
	telnetIAC = 0xff
	telnetSB  = 0xfa
	telnetSE  = 0xf0

	telnetStartTLS = 46
	telnetFollows  = 1

	// telnetLongest is the longest subnegotiation that is read.
	telnetLongest = 512
)

// telnetOpens recognises a command about an option.
func telnetOpens(s side, data []byte) (protocol, side, int) {
	if data[1] >= telnetSB && data[1] < telnetIAC {
		return telnet, s, 0
	}
	return none, s, 0
}

// telnet reads a command, or the text before one. Each side says FOLLOWS before
// its part of TLS. A client that sends text has logged in without it.
func (p *Preamble) telnet(s side, data []byte) Step {
	d := &p.dirs[s]
	n := bytes.IndexByte(data, telnetIAC)
	d.ready, d.within = false, n != 0
	switch {
	case n != 0 && (s == client || p.proven(s)):
		return p.foreign(s)
	case n < 0:
		return d.took(len(data))
	case n > 0:
		return d.took(n)
	case len(data) < 3:
		return d.wait(3)
	case data[1] > telnetSB:
		return d.took(3)
	case data[1] < telnetSB:
		return d.took(2)
	}
	return p.telnetOption(s, data)
}

// telnetOption reads a subnegotiation, from IAC SB to IAC SE. One that is too long
// is so even when its end is here.
func (p *Preamble) telnetOption(s side, data []byte) Step {
	d := &p.dirs[s]
	end := bytes.Index(data[:min(len(data), telnetLongest)], []byte{telnetIAC, telnetSE})
	switch {
	case end < 0 && len(data) >= telnetLongest:
		return p.foreign(s)
	case end < 0:
		return d.wait(0)
	case end == 4 && data[2] == telnetStartTLS && data[3] == telnetFollows && s == client:
		p.asked = true
	case end == 4 && data[2] == telnetStartTLS && data[3] == telnetFollows:
		d.ready = true
	}
	return d.took(end + 2)
}
