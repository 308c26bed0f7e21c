// Package blind lists what a run could not see: by cause, how often, and what to
// do about it. The summary, the stats events, the metrics, the exit status and
// "tlsfloor explain" all take the list from here, so that none of them calls a
// network clean that was seen in part.
//
// Some things are not blind spots. Protocols that carry no TCP (ARP, LLDP, OSPF)
// hide no TLS. Neither do connections whose first bytes show another protocol, nor
// packets lost after both hellos. A handshake that the end of the capture cuts off
// before the answer is reported as an event, with its verdict.
package blind
