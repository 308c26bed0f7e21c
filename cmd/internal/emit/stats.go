package emit

// Stats are the counts of a run so far.
type Stats struct {
	// Time is when they were taken, in nanoseconds since the Unix epoch, by
	// the capture's clock.
	Time int64
	// Source is the interface or the capture; empty: all of the run's.
	Source string

	Packets, Bytes                  uint64 // delivered to the sensor
	KernelDropped, InterfaceDropped uint64 // lost before it
	Flows, Hellos                   uint64
	Handshakes, InScope, Flagged    uint64 // findings
}

// AppendStats appends s as an event of kind "stats", without a line end.
func AppendStats(dst []byte, s *Stats, by Sensor) []byte {
	dst = append(dst, `{"schema":"tlsfloor/1","kind":"stats"`...)
	dst = appendTime(dst, `"ts":`, s.Time)
	dst = appendCounts(dst, s)
	return append(appendSensor(dst, by, s.Source), '}')
}

// appendCounts appends the counts by the names that they have in native events.
func appendCounts(dst []byte, s *Stats) []byte {
	dst = appendNumber(dst, `"packets":`, s.Packets)
	dst = appendNumber(dst, `"bytes":`, s.Bytes)
	dst = appendNumber(dst, `"kernel_dropped":`, s.KernelDropped)
	dst = appendNumber(dst, `"interface_dropped":`, s.InterfaceDropped)
	dst = appendNumber(dst, `"flows":`, s.Flows)
	dst = appendNumber(dst, `"hellos":`, s.Hellos)
	dst = appendNumber(dst, `"handshakes":`, s.Handshakes)
	dst = appendNumber(dst, `"in_scope":`, s.InScope)
	return appendNumber(dst, `"flagged":`, s.Flagged)
}
