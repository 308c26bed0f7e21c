// Package sensor is the loop: a frame becomes a packet, a packet goes to its
// flow, the flow's first bytes to a session, and the session's observation is
// judged. One goroutine does it all.
package sensor
