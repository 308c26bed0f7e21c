package classify

// Process is the program at the client's end of a connection, where that is on
// the host that watches. Its strings come from local users: the bounds and the
// replacement of secrets are capture/proc's, nothing in them is to be trusted.
type Process struct {
	PID         int
	Executable  string   // path as the kernel gives it; empty: not known
	CommandLine []string // what the process says of itself: at most 32 arguments of at most 256 bytes, secrets masked
	User        string   // name, else the number
	Unit        string   // systemd unit; empty: none
	Container   string   // id of the container; empty: none
	Cgroup      string   // path; empty: the root
	Libraries   []string // paths of the TLS libraries it has loaded
	GoVersion   string   // "go1.22.3"; empty: no Go program
	GoModules   []string // of a Go program, those that speak to AWS: "github.com/aws/aws-sdk-go-v2@v1.30.0"
}

// Confidence is how sure a name of software is.
type Confidence uint8

// The levels of confidence.
const (
	Low    Confidence = iota + 1 // traits that several programs share
	Medium                       // an exact fingerprint, or traits of one family only
	High                         // what the kernel knows of the process itself
)

var confidenceText = [...]string{"", "low", "medium", "high"}

// String returns the value of "confidence".
func (c Confidence) String() string { return confidenceText[c] }

// Software is what the client most likely is. It is not to be changed: many
// findings share one.
type Software struct {
	ID         string // which row of classify/client's table; advice is looked up by it
	Name       string // "Node.js"; where only the library shows: "OpenSSL"
	Version    string // version or likely range, "1.0.1 to 1.0.2"; empty: not known
	Library    string // TLS library, with its version or range where known: "OpenSSL 1.1.1"
	Confidence Confidence
	Because    []string // the evidence that fired: "process.executable", "ja3", "hello.extensions", ...
}

// Advice is what to change.
type Advice struct {
	ID      string // "tlsfloor explain ID" shows the steps
	Summary string // one sentence
}
