package decode

import "tlsfloor/capture/defrag"

// Stats counts what a Decoder has done.
type Stats struct {
	Results    [NumResults]uint64    // frames, by Result
	Layers     [NumLayerKinds]uint64 // encapsulations taken off, by LayerKind
	TooDeep    uint64                // frames given up: more than MaxLayers encapsulations, or a chain of headers without end
	NotTunnels uint64                // datagrams on a tunnel's port that held no such tunnel, and were delivered as they are
	Fragments  defrag.Stats

	// CutShort counts frames whose captured bytes end inside the headers, before
	// those of TCP were read: the snapshot length was too small.
	CutShort uint64
	// UnreadFrames counts frames that were not read, by UnreadKind. What they
	// held, by number, is in Unread.
	UnreadFrames [NumUnreadKinds]uint64

	unread     [maxUnread]Unread // an array, as the next: so Stats can be compared
	senders    [maxListed]SenderCount
	numUnread  int
	numSenders int
}

// Disbelieved returns who sent the packets whose Result was Disbelieved, the most
// frequent first: at most maxListed, of the first maxSenders. It belongs to the
// Stats and is not to be changed.
func (s *Stats) Disbelieved() []SenderCount { return s.senders[:s.numSenders] }

// Unread returns what was not read, the most frequent first. It is at most
// maxUnread long, belongs to the Stats and is not to be changed.
func (s *Stats) Unread() []Unread { return s.unread[:s.numUnread] }

// NumResults is one more than the highest Result.
const NumResults = len(resultNames)

var resultNames = [...]string{
	Foreign: "foreign", Segment: "segment", Datagram: "datagram",
	UnknownLink: "unknown_link", Malformed: "malformed", Disbelieved: "disbelieved",
}

// String names the result as metrics do.
func (r Result) String() string { return resultNames[r] }
