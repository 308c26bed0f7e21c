package confine

import (
	"fmt"
	"slices"
	"strings"
)

// ports are those that connections lead to.
func (c *confinement) ports() (tcp, udp []uint16) {
	for _, e := range c.Connect {
		switch e.Network {
		case "tcp":
			tcp = append(tcp, e.Port)
		case "udp":
			udp = append(udp, e.Port)
		}
	}
	if c.Resolve {
		tcp, udp = append(tcp, domain), append(udp, domain)
	}
	slices.Sort(tcp)
	slices.Sort(udp)
	return slices.Compact(tcp), slices.Compact(udp)
}

// domain is the port of DNS.
const domain = 53

func (c *confinement) connectsUnix() bool {
	return slices.ContainsFunc(c.Connect, func(e Endpoint) bool { return e.Network == "unix" })
}

// The first ABI versions of Landlock that know ports, and local sockets by path.
const (
	abiTCP  = 4
	abiUnix = 9
	abiUDP  = 10
)

// network says what files and calls leave of the network.
func (c *confinement) network() error {
	landlock := c.kernel.landlock
	if _, lacking := c.kernel.noLandlock(); lacking {
		landlock = 0
	}
	if _, lacking := c.kernel.noSeccomp(); lacking {
		return c.took(degraded("network", "%s", withoutFilter(landlock)))
	}
	if err := c.took(c.connections(landlock)); err != nil {
		return err
	}
	return c.capturing()
}

func (c *confinement) connections(landlock int) Step {
	tcp, udp := c.ports()
	ways := append(describe("TCP", tcp, landlock >= abiTCP), describe("UDP", udp, landlock >= abiUDP)...)
	switch {
	case !c.connectsUnix():
	case landlock >= abiUnix:
		ways = append(ways, "local sockets where needed")
	default:
		ways = append(ways, "local sockets anywhere (this kernel cannot tell them apart)")
	}
	if len(ways) == 0 {
		return done("network", "no connections")
	}
	return done("network", "connections by %s", strings.Join(ways, ", "))
}

// maxCaptures is how many sockets can be kept from sending: sendto has a test
// beside theirs.
const maxCaptures = maxTests - 1

// capturing says whether a capture could send.
func (c *confinement) capturing() error {
	n := len(c.captures)
	switch {
	case n == 0:
		return nil
	case n > maxCaptures:
		c.captures = nil
		return c.took(degraded("captures", "%d are too many to keep from sending", n))
	}
	return c.took(done("captures", "cannot send"))
}

func withoutFilter(landlock int) string {
	if landlock >= abiTCP {
		return "TCP confined to the ports needed, the rest not confined"
	}
	return "not confined"
}

func describe(protocol string, ports []uint16, confined bool) []string {
	if len(ports) == 0 {
		return nil
	}
	if !confined {
		return []string{protocol + " to any port (this kernel cannot tell them apart)"}
	}
	return []string{protocol + " to port " + strings.Trim(fmt.Sprint(ports), "[]")}
}
