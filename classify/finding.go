package classify

// Verdict is what the versions alone say about a flow. The floor is the lowest
// version that is good enough.
type Verdict uint8

// The verdicts.
const (
	// Undetermined: the client offers the floor, and no answer was seen.
	Undetermined Verdict = iota
	// OK: the server selected the floor or better, and nothing below it was
	// offered as far as the hello says.
	OK
	// Exposed: the server selected the floor or better, but the client still
	// offers versions below it.
	Exposed
	// Attempt: no version was selected, and the client offers nothing at the
	// floor.
	Attempt
	// Violation: the server selected a version below the floor.
	Violation
)

var verdictText = [...]string{"undetermined", "ok", "exposed", "attempt", "violation"}

// String returns the value of "verdict".
func (v Verdict) String() string { return verdictText[v] }

// Fix says who has to change for the flow to reach the floor.
type Fix uint8

// Who has to change. FixNone belongs to flows that need no change.
const (
	FixNone Fix = iota
	FixClient
	FixServer
	FixUnknown
)

var fixText = [...]string{"", "client", "server", "unknown"}

// String returns the value of "fix".
func (f Fix) String() string { return fixText[f] }

// AWS is what a host name says about an AWS endpoint. Empty fields are not in
// the name.
type AWS struct {
	Partition   string // "aws", "aws-cn", "aws-us-gov", ...
	Region      string // "us-west-2"
	Service     string // "dynamodb"
	FIPS        bool
	DualStack   bool
	VPCEndpoint bool
	Resource    string // the customer's part of the name: bucket, API id, load balancer
}

// Finding is an Observation and what was made of it: one event. It owns its
// memory, but for what is said to be shared.
type Finding struct {
	Observation

	Verdict Verdict
	Fix     Fix
	Reason  string // one clause a person can read
	Flagged bool   // the verdict asks for action, and the destination is in scope
	InScope bool

	Host       string     // lower case, no trailing dot; empty: not known
	HostSource NameSource // how Host is known
	AWS        *AWS       // nil: Host is not an AWS name; not to be changed, others share it

	Process  *Process  // nil: not asked for, not local, or not found
	Software *Software // nil: not known; not to be changed, others share it
	Advice   *Advice   // nil: nothing to change, or nothing to say
}
