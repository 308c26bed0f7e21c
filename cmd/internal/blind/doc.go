// Package blind lists what a run could not see, by cause and number, and what to
// do about each. The summary, the stats events, the metrics, the exit status and
// "tlsfloor explain" all have it from here: a network is clean only as far as it
// was seen.
//
// Some things are left out on purpose. Protocols that carry no TCP (ARP, LLDP,
// OSPF) hide nothing. Nor do connections whose first bytes show another protocol,
// packets that are missing behind both hellos, and handshakes that the end of the
// capture interrupts before the answer: those are events, with their verdict.
package blind
