// Package sensor is the loop: a frame becomes a packet, a packet goes to its
// flow, the flow's first bytes to a session, and the session's observation is
// named, judged and delivered. A Sensor does it all in one goroutine. Workers do
// it in several: one reads, many follow the connections, and the one that reads
// names, judges and delivers in the order of the packets.
package sensor
