package confine

import (
	"fmt"
	"slices"
	"strings"
)

// ports returns the ports of later connections.
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

// domain is the port of DNS (IANA service name "domain").
const domain = 53

func (c *confinement) connectsUnix() bool {
	return slices.ContainsFunc(c.Connect, func(e Endpoint) bool { return e.Network == "unix" })
}

// The first ABI versions of Landlock that restrict TCP ports, Unix sockets by path, and
// UDP ports.
const (
	abiTCP  = 4
	abiUnix = 9
	abiUDP  = 10
)

// reportNetwork reports what the other steps leave of the network.
func (c *confinement) reportNetwork() error {
	landlock := c.kernel.landlock
	if _, lacking := c.kernel.missingLandlock(); lacking {
		landlock = 0
	}
	if _, lacking := c.kernel.missingSeccomp(); lacking {
		return c.note(degraded("network", "%s", withoutFilter(landlock)))
	}
	if err := c.note(c.connections(landlock)); err != nil {
		return err
	}
	return c.reportCaptures()
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

// maxCaptures is how many capturing sockets can be kept from sending. The rule for
// sendto has one test more.
const maxCaptures = maxTests - 1

// reportCaptures reports whether the capturing sockets can send.
func (c *confinement) reportCaptures() error {
	n := len(c.captures)
	switch {
	case n == 0:
		return nil
	case n > maxCaptures:
		c.captures = nil
		return c.note(degraded("captures", "can send: there are %d sockets, and only %d can be kept from it", n, maxCaptures))
	}
	return c.note(done("captures", "cannot send"))
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
