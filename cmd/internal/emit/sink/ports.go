package sink

import (
	"net"
	"strconv"
)

// Port is where an output connects to.
type Port struct {
	Network string // "tcp" or "udp"
	Number  uint16
}

// port is where the output connects to; ok is false when it is on this machine.
func (c *Config) port() (p Port, ok bool) {
	_, number, err := net.SplitHostPort(c.address)
	if err != nil {
		return Port{}, false
	}
	n, err := strconv.ParseUint(number, 10, 16)
	if err != nil {
		return Port{}, false
	}
	if c.kind == syslogUDP {
		return Port{"udp", uint16(n)}, true
	}
	return Port{"tcp", uint16(n)}, true
}
