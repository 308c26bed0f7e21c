package blind

// Unseen counts connections of which too little was captured to say what TLS
// they spoke. A connection is counted once, under the first of the causes below
// that applies, and not at all where both hellos were read whole, or where its
// first bytes show another protocol.
type Unseen struct {
	// CutHellos: the snapshot length cut off part of a hello, or of what may have
	// been one.
	CutHellos uint64
	// CutJudged counts those of CutHellos that gave a name and a version all the
	// same.
	CutJudged uint64
	// GivenUp: there was no more memory for the handshake.
	GivenUp uint64
	// OneDirection: only one side's packets were captured, though the other sent.
	OneDirection uint64
	// LongPreambles: more was said in another protocol than is looked at, and TLS
	// could have come behind it.
	LongPreambles uint64
	// LostBytes: packets with part of the handshake are missing.
	LostBytes uint64
	// OpenAtStart: it was open when the capture began, and what it carries was not
	// recognised.
	OpenAtStart uint64
	// CutPackets counts packets, not connections: those whose TCP data the snapshot
	// length cut off entirely.
	CutPackets uint64
}

// Add adds the counts of another sensor.
func (u *Unseen) Add(o *Unseen) {
	u.CutHellos += o.CutHellos
	u.CutJudged += o.CutJudged
	u.GivenUp += o.GivenUp
	u.OneDirection += o.OneDirection
	u.LongPreambles += o.LongPreambles
	u.LostBytes += o.LostBytes
	u.OpenAtStart += o.OpenAtStart
	u.CutPackets += o.CutPackets
}
