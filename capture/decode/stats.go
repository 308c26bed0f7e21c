package decode

// Stats counts what a Decoder has done.
type Stats struct {
	Results    [NumResults]uint64    // frames, by Result
	Layers     [NumLayerKinds]uint64 // encapsulations taken off, by LayerKind
	TooDeep    uint64                // frames given up: more than MaxLayers encapsulations, or a chain of headers without end
	NotTunnels uint64                // datagrams on a tunnel's port that held no such tunnel, and were delivered as they are
	Fragments  FragmentStats
}

// FragmentStats counts IP fragments.
type FragmentStats struct {
	Received    uint64 // fragments
	Refused     uint64 // fragments that contradict themselves or others of their datagram
	Repeated    uint64 // fragments that are copies of ones seen before, and were ignored
	Reassembled uint64 // datagrams
	Dropped     uint64 // incomplete datagrams given up: too old, too many, too many fragments
	Held        int    // incomplete datagrams now
	HeldBytes   int    // captured bytes in them
}

// NumResults is one more than the highest Result.
const NumResults = len(resultNames)

var resultNames = [...]string{
	Foreign: "foreign", Segment: "segment", Datagram: "datagram",
	UnknownLink: "unknown_link", Malformed: "malformed",
}

// String names the result as metrics do.
func (r Result) String() string { return resultNames[r] }
