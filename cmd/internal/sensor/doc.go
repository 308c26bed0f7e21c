// Package sensor is the main loop: a frame is decoded to a packet, the packet goes to
// its flow, the flow's first bytes to a session, and the session's observation is
// named, judged and delivered. A Sensor does all of this in one goroutine. Workers use
// several: one goroutine reads and decodes, and several follow the connections. Then
// the one that reads names, judges and delivers, in the order of the packets.
package sensor
