package emit

// Sensor is who saw the event. Where it was seen (the interface, the capture)
// is in the event itself.
type Sensor struct {
	Host    string // empty: not known
	Version string // of tlsfloor; empty: not known
	Live    bool   // events are of interfaces, not of captures
}
