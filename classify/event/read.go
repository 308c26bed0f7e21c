package event

import (
	"encoding/json"
	"errors"
	"strconv"
)

// schema is the name of the native schema (docs/event.schema.json).
const schema = "tlsfloor/1"

// errForeign is returned for a line that is not a native event.
var errForeign = errors.New("not an event of tlsfloor")

// Event is a native event that was read back. Its members are described in
// docs/event.schema.json; those that the event does not have are zero. In texts off
// the network, each code point up to U+00FF stands for one byte. Texts may contain
// control characters.
type Event struct {
	Schema   string `json:"schema"`
	Kind     string `json:"kind"` // KindHandshake or KindStats
	Protocol string `json:"protocol"`
	Time     string `json:"ts"` // RFC 3339 in UTC, to the microsecond: times sort as texts

	// In a handshake these are true or false, in counts they are numbers.
	Flagged tally `json:"flagged"`
	InScope tally `json:"in_scope"`

	// Members of a handshake.
	Verdict     string       `json:"verdict"`
	Outcome     string       `json:"outcome"`
	Fix         string       `json:"fix"`
	Reason      string       `json:"reason"`
	Exception   *exception   `json:"exception"`
	Count       uint64       `json:"count"` // of findings in this event; 0: one
	FirstSeen   string       `json:"first_seen"`
	LastSeen    string       `json:"last_seen"`
	SourceIP    string       `json:"src_ip"`
	SourcePort  uint16       `json:"src_port"`
	TargetIP    string       `json:"dst_ip"`
	TargetPort  uint16       `json:"dst_port"`
	CommunityID string       `json:"community_id"`
	VLANs       []uint16     `json:"vlan"`
	Tunnels     []string     `json:"tunnels"`
	ReturnPath  *place       `json:"return_path"`
	AlsoSeen    []place      `json:"also_seen"`
	Proxied     *endpoints   `json:"proxied"`
	Host        string       `json:"host"`
	HostSource  string       `json:"host_source"`
	Names       []name       `json:"names"`
	AWS         *aws         `json:"aws"`
	TLSDetails  *tlsDetails  `json:"tlsDetails"`
	QUIC        *quicMembers `json:"quic"`
	DTLS        *dtlsMembers `json:"dtls"`
	StartTLS    string       `json:"starttls"`
	Client      *client      `json:"client"`
	Server      *server      `json:"server"`
	Certificate *certificate `json:"certificate"`
	Alert       *alert       `json:"alert"`
	Process     *Process     `json:"process"`
	Software    *Software    `json:"software"`
	Advice      *advice      `json:"advice"`
	Anomalies   []string     `json:"anomalies"`

	// Members of counts.
	Packets          uint64 `json:"packets"`
	Bytes            uint64 `json:"bytes"`
	KernelDropped    uint64 `json:"kernel_dropped"`
	InterfaceDropped uint64 `json:"interface_dropped"`
	Flows            uint64 `json:"flows"`
	Hellos           uint64 `json:"hellos"`
	Handshakes       uint64 `json:"handshakes"`
	Excepted         uint64 `json:"excepted"`
	Held             uint64 `json:"held"`
	Own              uint64 `json:"own_handshakes"`
	Blind            []Spot `json:"blind"`
	Final            bool   `json:"final"`

	Sensor struct {
		Host    string `json:"host"`
		Source  string `json:"source"`
		Version string `json:"version"`
	} `json:"sensor"`
}

// The kinds of events.
const (
	KindHandshake = "handshake"
	KindStats     = "stats"
)

// place is where packets were seen.
type place struct {
	Source  string   `json:"source"`
	VLANs   []uint16 `json:"vlan"`
	Tunnels []string `json:"tunnels"`
}

// endpoints are the addresses that a PROXY protocol header gave.
type endpoints struct {
	SourceIP   string `json:"src_ip"`
	SourcePort uint16 `json:"src_port"`
	TargetIP   string `json:"dst_ip"`
	TargetPort uint16 `json:"dst_port"`
}

// name is a candidate for the destination's name.
type name struct {
	Host   string `json:"host"`
	Source string `json:"source"`
}

// aws is what the destination's name says about an AWS endpoint.
type aws struct {
	Partition   string `json:"partition"`
	Region      string `json:"region"`
	Service     string `json:"service"`
	FIPS        bool   `json:"fips"`
	DualStack   bool   `json:"dual_stack"`
	VPCEndpoint bool   `json:"vpc_endpoint"`
	Resource    string `json:"resource"`
}

// tlsDetails has the shape of CloudTrail's tlsDetails.
type tlsDetails struct {
	Version string `json:"tlsVersion"`
	Cipher  string `json:"cipherSuite"`
	Host    string `json:"clientProvidedHostHeader"`
}

// quicMembers is what the packets of QUIC show besides the handshake.
type quicMembers struct {
	Version     string `json:"version"`
	Retry       bool   `json:"retry"`
	Negotiation bool   `json:"version_negotiation"`
}

// dtlsMembers is the same of DTLS.
type dtlsMembers struct {
	HelloVerify bool `json:"hello_verify"`
}

// client is the ClientHello.
type client struct {
	SNI           string   `json:"sni"`
	RecordVersion string   `json:"record_version"`
	LegacyVersion string   `json:"legacy_version"`
	MaxVersion    string   `json:"max_version"`
	Versions      []string `json:"versions"` // empty, not nil: the extension has nothing but GREASE
	ALPN          []string `json:"alpn"`
	FallbackSCSV  bool     `json:"fallback_scsv"`
	SSLv2Format   bool     `json:"sslv2_format"`
	ECH           bool     `json:"ech"`
	EarlyData     bool     `json:"early_data"`
	JA3           string   `json:"ja3"`
	JA3Full       string   `json:"ja3_full"`
	JA4           string   `json:"ja4"`
}

// server is the ServerHello.
type server struct {
	Version           string  `json:"version"`
	Cipher            string  `json:"cipher"`
	CipherID          *uint16 `json:"cipher_id"` // nil: SSLv2
	ALPN              string  `json:"alpn"`
	JA3S              string  `json:"ja3s"`
	JA3SFull          string  `json:"ja3s_full"`
	Sentinel          string  `json:"downgrade_sentinel"`
	HelloRetryRequest bool    `json:"hello_retry_request"`
	Resumed           string  `json:"resumed"`
}

// certificate is the server's.
type certificate struct {
	Subject   string   `json:"subject"`
	Issuer    string   `json:"issuer"`
	DNSNames  []string `json:"dns_names"`
	NotBefore string   `json:"not_before"` // RFC 3339
	NotAfter  string   `json:"not_after"`
	SHA256    string   `json:"sha256"`
}

// alert is a plaintext alert.
type alert struct {
	From        string `json:"from"`
	Level       string `json:"level"`
	Description string `json:"description"`
	Code        uint8  `json:"code"`
}

// Process is the program at the client's end.
type Process struct {
	PID         int      `json:"pid"`
	Executable  string   `json:"executable"`
	CommandLine []string `json:"command_line"`
	User        string   `json:"user"`
	LoginUser   string   `json:"login_user"`
	Unit        string   `json:"unit"`
	Container   string   `json:"container"`
	Started     string   `json:"started"` // RFC 3339 in UTC
	Folder      string   `json:"working_directory"`
	Script      string   `json:"script"`
	Parents     []Parent `json:"parents"` // the nearest first
	Cgroup      string   `json:"cgroup"`
	Variables   []string `json:"variables"` // names only
	Libraries   []string `json:"libraries"`
	GoVersion   string   `json:"go_version"`
	GoModules   []string `json:"go_modules"`
}

// Parent is a process that started another.
type Parent struct {
	PID         int      `json:"pid"`
	Executable  string   `json:"executable"`
	CommandLine []string `json:"command_line"`
}

// Software is what the client most likely is.
type Software struct {
	ID         string   `json:"id"`
	Name       string   `json:"name"`
	Version    string   `json:"version"`
	Library    string   `json:"library"`
	Confidence string   `json:"confidence"`
	Because    []string `json:"because"`
}

// advice is what to change.
type advice struct {
	ID      string `json:"id"`
	Summary string `json:"summary"`
}

// tally is a count, or true (1) or false (0).
type tally uint64

// UnmarshalJSON implements json.Unmarshaler. A value of another type counts as zero,
// because Parse ignores members of the wrong type.
func (n *tally) UnmarshalJSON(text []byte) error {
	if string(text) == "true" {
		*n = 1
		return nil
	}
	count, err := strconv.ParseUint(string(text), 10, 64)
	if err != nil {
		count = 0
	}
	*n = tally(count)
	return nil
}

// Parse reads one native event. It ignores members that are not in the schema, and
// members of another type, which another version of tlsfloor or a relay may have
// written. It returns an error for a line that is not JSON or not a native event.
func Parse(line []byte) (*Event, error) {
	e := new(Event)
	var other *json.UnmarshalTypeError
	if err := json.Unmarshal(line, e); err != nil && !errors.As(err, &other) {
		return nil, err
	}
	if e.Schema != schema {
		return nil, errForeign
	}
	return e, nil
}
