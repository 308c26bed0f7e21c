package blind

import "tlsfloor/cmd/internal/wording"

// Cause is why something could not be seen. The most important causes come first.
type Cause uint8

// The table causes has their names and texts.
const (
	belowFloorUnnamed Cause = iota
	filterMatchedNothing
	filterHidTagged
	inputsLeftOut
	inputsIncomplete
	interfacesAway
	packetsWithheld
	kernelDropped
	interfaceDropped
	tunnelsNotBelieved
	clientsNotBelieved
	unreadLinkTypes
	unreadEtherTypes
	unreadProtocols
	unreadUDPPorts
	unreadQUICVersions
	nestedTooDeep
	oneDirection
	cutHellos
	cutPackets
	longPreambles
	lostBytes
	malformedHellos
	givenUp
	faults
	incompleteFragments
	malformedPackets
	openAtStart
	eventsBounded
	eventsDropped

	NumCauses = iota // the number of causes
)

// causes describes each cause: its name in events and metrics, what it counts,
// and what to do about it. An asterisk in a noun stands for the plural's s.
var causes = [NumCauses]struct{ name, noun, advice string }{
	belowFloorUnnamed: {"below_floor_unnamed",
		"handshake* below the floor to a destination that nothing names",
		"To name it, let UDP port 53 through, or give --names, --certificates, or --aws-ip-ranges with " +
			"https://ip-ranges.amazonaws.com/ip-ranges.json and --flag-addresses."},
	filterMatchedNothing: {"filter_matched_nothing",
		"expression* that no TCP packet matched",
		"If the packets have VLAN tags, write 'tcp port 443 or (vlan and tcp port 443)'; if they are in a tunnel, let its port through; or give no expression."},
	filterHidTagged: {"filter_hid_tagged",
		"packet* that the expression left out because of a VLAN tag or a tunnel",
		"Write it as 'tcp port 443 or (vlan and tcp port 443)', let the tunnel's port through, or give no expression."},
	inputsLeftOut: {"inputs_left_out",
		"input* that could not be read",
		"If it is a capture in another format, convert it with editcap -F pcap."},
	inputsIncomplete: {"inputs_incomplete",
		"input* of which only part was read",
		"Its end is missing or damaged: get it again from where it was recorded."},
	interfacesAway: {"interfaces_away",
		"outage* of an interface",
		"What passed it meanwhile was not captured: the system's log says why it went down."},
	packetsWithheld: {"packets_withheld",
		"time* that an interface's packets were kept from the capture",
		"Another process may have changed the capture, or the driver hands packets to something else first (XDP, DPDK, offloading): " +
			"start tlsfloor anew, and see what else on this host may capture."},
	kernelDropped: {"kernel_dropped",
		"packet* dropped by the kernel",
		"Use a larger buffer (-B), capture less with an expression, or use --workers."},
	interfaceDropped: {"interface_dropped",
		"packet* dropped by the interface",
		"Give the interface more receive buffers (ethtool -G), or send it less."},
	tunnelsNotBelieved: {"tunnels_not_believed",
		"packet* in a tunnel whose sender is not believed",
		"If it is a mirror or a tunnel of yours, give --tunnels own,ADDRESS with its address, or with a prefix. If it is not, somebody made them up."},
	clientsNotBelieved: {"clients_not_believed",
		"handshake* in a tunnel whose sender is not the client",
		"If it is a mirror of servers, give --tunnels own,ADDRESS with its address, or mirror the clients. If it is not, somebody made them up."},
	unreadLinkTypes: {"unread_link_types",
		"frame* of a link type that is not read",
		"Capture on an interface of another type, such as Ethernet."},
	unreadEtherTypes: {"unread_ethertypes",
		"frame* of an EtherType that is not read, and may carry TCP",
		"Capture where the packets do not have this header."},
	unreadProtocols: {"unread_protocols",
		"packet* of an IP protocol that is not read, and may carry TCP",
		"Capture at an end of the tunnel, on the interface that it has there; what is encrypted can be seen nowhere else."},
	unreadUDPPorts: {"unread_udp_ports",
		"datagram* of a tunnel that is not read",
		"Capture at an end of the tunnel, on the interface that it has there. VXLAN on another port is read with --vxlan-port."},
	unreadQUICVersions: {"unread_quic_versions",
		"connection* in a version of QUIC that is not read",
		"Newer versions of tlsfloor may read it; what goes over TCP to the same server is seen."},
	nestedTooDeep: {"nested_too_deep",
		"packet* in more encapsulations than are read",
		"Capture where the packets have fewer headers around them."},
	oneDirection: {"one_direction",
		"connection* of which only one direction was captured",
		"Mirror what is received and what is sent, or capture where both directions pass."},
	cutHellos: {"cut_hellos",
		"handshake* whose hello the snapshot length cut",
		"Capture whole packets: tcpdump -s 0, or tlsfloor without -s."},
	cutPackets: {"cut_packets",
		"packet* of which the snapshot length left no data",
		"Capture whole packets: tcpdump -s 0, or tlsfloor without -s."},
	longPreambles: {"long_preambles",
		"connection* with more bytes before TLS, or in place of an answer, than are read",
		"If they change to TLS later, their server's own log tells the version."},
	lostBytes: {"lost_bytes",
		"handshake* with packets missing from the capture",
		"Give the program that captures a larger buffer (-B) or less to capture, and see that no mirror port is overloaded."},
	malformedHellos: {"malformed_hellos",
		"hello* that could not be read",
		"Find out who sends them: a scanner, a broken client, or a protocol that only looks like TLS."},
	givenUp: {"given_up_for_memory",
		"handshake* given up for lack of memory",
		"Raise --memory, or capture less with an expression."},
	faults: {"faults",
		"packet* that led to a fault of tlsfloor's own",
		"Please report it, with the line that says where it was."},
	incompleteFragments: {"incomplete_fragments",
		"IP packet* of which fragments are missing",
		"Only the first fragment has ports: let the others through with 'or (ip[6:2] & 0x1fff != 0) or ip6 proto 44'."},
	malformedPackets: {"malformed_packets",
		"packet* whose headers could not be read",
		"Look at them with tcpdump or Wireshark: the program that captured, or one that changed the capture, may have damaged it."},
	openAtStart: {"open_at_start",
		"connection* open when the capture began",
		"Capture for longer than connections last, or have the clients connect anew while it runs."},
	eventsBounded: {"events_bounded",
		"flagged event* beyond the number that is written for one tunnel's sender in a minute",
		"They are counted all the same. Find out who floods; captures (-r) are read without this bound."},
	eventsDropped: {"events_dropped",
		"event* that an output did not take",
		"Write to a journal (-o journal:FOLDER), or find out why the output takes no more; if a line names a fault of tlsfloor's own, please report it."},
}

// String returns the cause's name in events and metrics.
func (c Cause) String() string { return causes[c].name }

// Advice says what to do about it, in one or two sentences.
func (c Cause) Advice() string { return causes[c].advice }

// ParseCause returns the cause that String gives this name.
func ParseCause(name string) (c Cause, ok bool) {
	for c, of := range causes {
		if of.name == name {
			return Cause(c), true
		}
	}
	return 0, false
}

// noun names what the cause counts, in the plural unless n is 1.
func (c Cause) noun(n uint64) string { return wording.Noun(n, causes[c].noun) }
