// Package packettime keeps a clock by the capture times of packets. In captures these
// jump, run back, and are wrong by days; what is held until a time must not age by that.
package packettime
