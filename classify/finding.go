package classify

// Verdict is the result of comparing the versions of a flow with the floor, which is
// the lowest version that is good enough.
type Verdict uint8

// The verdicts.
const (
	// Undetermined: the client offers the floor, and no answer was seen.
	Undetermined Verdict = iota
	// OK: the server selected the floor or better, and the hello does not show that
	// the client offers versions below it.
	OK
	// Exposed: the server selected the floor or better, but the client still
	// offers versions below it.
	Exposed
	// Attempt: no version was selected, and the client offers only versions below
	// the floor.
	Attempt
	// Violation: the server selected a version below the floor.
	Violation
)

var verdictText = [...]string{"undetermined", "ok", "exposed", "attempt", "violation"}

// String returns the value of "verdict".
func (v Verdict) String() string { return verdictText[v] }

// Fix says who has to change for the flow to reach the floor.
type Fix uint8

// The sides. FixNone is for flows that need no change.
const (
	FixNone Fix = iota
	FixClient
	FixServer
	FixUnknown
)

var fixText = [...]string{"", "client", "server", "unknown"}

// String returns the value of "fix".
func (f Fix) String() string { return fixText[f] }

// AWS is what a host name tells about an AWS endpoint. Fields that the name does not
// tell are empty.
type AWS struct {
	Partition   string // "aws", "aws-cn", "aws-us-gov", ...
	Region      string // "us-west-2"
	Service     string // "dynamodb"
	FIPS        bool
	DualStack   bool
	VPCEndpoint bool
	Resource    string // the customer's part of the name: bucket, API id, load balancer
}

// Finding is an Observation with its verdict and all that was found out about it: one
// event. It owns its memory, except for fields that are shared.
type Finding struct {
	Observation

	Verdict Verdict
	Fix     Fix
	Reason  string // the reason for the verdict, in one clause
	Flagged bool   // the verdict asks for action, the destination is in scope, and there is no Exception
	InScope bool

	Host       string     // lower case, no trailing dot; empty: not known
	HostSource NameSource // where Host is from
	AWS        *AWS       // nil: Host is not an AWS name; shared, read-only

	Process  *Process  // nil: not asked for, not local, or not found
	Software *Software // nil: not known; shared, read-only
	Advice   *Advice   // nil: nothing to change, or no advice

	Exception *Exception // nil: none; shared, read-only
	Series    *Series    // nil: this finding stands for itself alone

	Sensor *Sensor // which saw it, if the event was read back; nil: the one that writes it
}

// Exception is why a finding is not flagged that would be: somebody has said until when
// and why it is accepted. Its texts are the user's.
type Exception struct {
	Owner  string // who has said so
	Reason string
	Until  string // the last day of it, in UTC: "2026-06-30"
}

// Series is several findings that are alike. The finding that has it stands for them, and
// is the last one of them.
type Series struct {
	Count       uint64 // of findings, with the one that has it
	First, Last int64  // times of findings, in nanoseconds since the Unix epoch
}

// Times returns how many findings f stands for, and the times of the first and the last.
func (f *Finding) Times() Series {
	if f.Series == nil {
		return Series{1, f.Time, f.Time}
	}
	return *f.Series
}

// Sensor is a tlsfloor that sees packets. The interface or the capture is part of what it
// saw.
type Sensor struct {
	Host    string // empty: not known
	Version string // of tlsfloor; empty: not known
	Live    bool   // its sources are interfaces, not captures
}

// Process is the program at the client's end of a connection, when the client is the
// sensor's own host. Its strings come from local users and cannot be trusted.
// capture/proc has bounded them and masked secrets.
type Process struct {
	PID         int
	Executable  string   // path as the kernel gives it; empty: not known
	CommandLine []string // as the process shows it: at most 32 arguments of at most 256 bytes, secrets masked
	User        string   // name, else the number
	LoginUser   string   // who logged in, also behind su, sudo and cron (loginuid): name, else the number; empty: nobody, or not known
	Started     int64    // nanoseconds since the Unix epoch; 0: not known
	Folder      string   // working directory; empty: not known
	Script      string   // path of the script that it runs, or else the nearest of its parents that runs one; empty: not known
	Parents     []Parent // the nearest first, at most four; a parent that had ended, and those behind it, are not known
	Variables   []string // names of variables of its environment that can change its TLS versions; never their values
	Unit        string   // systemd unit; empty: none
	Container   string   // id of the container; empty: none
	Cgroup      string   // path; empty: the root
	Libraries   []string // paths of the TLS libraries it has loaded
	GoVersion   string   // "go1.22.3"; empty: no Go program
	GoModules   []string // modules of a Go program that are AWS clients: "github.com/aws/aws-sdk-go-v2@v1.30.0"
}

// Parent is a process that started another. Its strings are bounded, masked and not to
// be trusted, like those of a Process.
type Parent struct {
	PID         int
	Executable  string   // path as the kernel gives it; empty: not known
	CommandLine []string // at most 8 arguments and 1,024 bytes
}

// Confidence is how certain it is that a client is the software named.
type Confidence uint8

// The levels of confidence.
const (
	Low    Confidence = iota + 1 // traits that several programs share
	Medium                       // an exact fingerprint, or traits of one family only
	High                         // from the kernel's data about the process
)

var confidenceText = [...]string{"", "low", "medium", "high"}

// String returns the value of "confidence".
func (c Confidence) String() string { return confidenceText[c] }

// Software is the software that the client most likely is. Findings share it, so it
// is read-only.
type Software struct {
	ID         string // of classify/client's table; advice is looked up by it
	Name       string // "Node.js"; "OpenSSL" when only the library is known
	Version    string // version or likely range, "1.0.1 to 1.0.2"; empty: not known
	Library    string // TLS library, with its version or range where known: "OpenSSL 1.1.1"
	Confidence Confidence
	Because    []string // the evidence: "process.executable", "ja3", "hello.extensions", ...
}

// Advice is what to change.
type Advice struct {
	ID      string // "tlsfloor explain ID" shows the steps
	Summary string // one sentence
}
