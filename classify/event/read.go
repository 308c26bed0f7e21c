package event

import (
	"encoding/json"
	"errors"
	"strconv"
)

// schema is the name of the native schema (docs/event.schema.json).
const schema = "tlsfloor/1"

// ErrForeign is returned for a line that is no native event.
var ErrForeign = errors.New("not an event of tlsfloor")

// Event is a native event that was read back. Its members are those of
// docs/event.schema.json, which says what each means; one that the event does not
// have is left zero. Texts are as JSON has them: in those off the network, each
// code point up to U+00FF stands for one byte. They may hold control characters.
type Event struct {
	Schema   string `json:"schema"`
	Kind     string `json:"kind"` // KindHandshake or KindStats
	Protocol string `json:"protocol"`
	Time     string `json:"ts"` // RFC 3339 in UTC, to the microsecond: times sort as texts

	// Of a handshake these are true or false, of counts they are numbers.
	Flagged Tally `json:"flagged"`
	InScope Tally `json:"in_scope"`

	// Of a handshake.
	Verdict     string       `json:"verdict"`
	Outcome     string       `json:"outcome"`
	Fix         string       `json:"fix"`
	Reason      string       `json:"reason"`
	SourceIP    string       `json:"src_ip"`
	SourcePort  uint16       `json:"src_port"`
	TargetIP    string       `json:"dst_ip"`
	TargetPort  uint16       `json:"dst_port"`
	CommunityID string       `json:"community_id"`
	VLANs       []uint16     `json:"vlan"`
	Tunnels     []string     `json:"tunnels"`
	ReturnPath  *Place       `json:"return_path"`
	AlsoSeen    []Place      `json:"also_seen"`
	Proxied     *Endpoints   `json:"proxied"`
	Host        string       `json:"host"`
	HostSource  string       `json:"host_source"`
	Names       []Name       `json:"names"`
	AWS         *AWS         `json:"aws"`
	TLSDetails  *TLSDetails  `json:"tlsDetails"`
	StartTLS    string       `json:"starttls"`
	Client      *Client      `json:"client"`
	Server      *Server      `json:"server"`
	Certificate *Certificate `json:"certificate"`
	Alert       *Alert       `json:"alert"`
	Process     *Process     `json:"process"`
	Software    *Software    `json:"software"`
	Advice      *Advice      `json:"advice"`
	Anomalies   []string     `json:"anomalies"`

	// Of counts.
	Packets          uint64 `json:"packets"`
	Bytes            uint64 `json:"bytes"`
	KernelDropped    uint64 `json:"kernel_dropped"`
	InterfaceDropped uint64 `json:"interface_dropped"`
	Flows            uint64 `json:"flows"`
	Hellos           uint64 `json:"hellos"`
	Handshakes       uint64 `json:"handshakes"`
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

// Place is where packets were seen.
type Place struct {
	Source  string   `json:"source"`
	VLANs   []uint16 `json:"vlan"`
	Tunnels []string `json:"tunnels"`
}

// Endpoints are the addresses that a PROXY protocol header gave.
type Endpoints struct {
	SourceIP   string `json:"src_ip"`
	SourcePort uint16 `json:"src_port"`
	TargetIP   string `json:"dst_ip"`
	TargetPort uint16 `json:"dst_port"`
}

// Name is a candidate for the destination's name.
type Name struct {
	Host   string `json:"host"`
	Source string `json:"source"`
}

// AWS is what the destination's name says about an AWS endpoint.
type AWS struct {
	Partition   string `json:"partition"`
	Region      string `json:"region"`
	Service     string `json:"service"`
	FIPS        bool   `json:"fips"`
	DualStack   bool   `json:"dual_stack"`
	VPCEndpoint bool   `json:"vpc_endpoint"`
	Resource    string `json:"resource"`
}

// TLSDetails has the shape of CloudTrail's tlsDetails.
type TLSDetails struct {
	Version string `json:"tlsVersion"`
	Cipher  string `json:"cipherSuite"`
	Host    string `json:"clientProvidedHostHeader"`
}

// Client is the ClientHello.
type Client struct {
	SNI           string   `json:"sni"`
	RecordVersion string   `json:"record_version"`
	LegacyVersion string   `json:"legacy_version"`
	MaxVersion    string   `json:"max_version"`
	Versions      []string `json:"versions"` // empty, not nil: an extension of nothing but GREASE
	ALPN          []string `json:"alpn"`
	FallbackSCSV  bool     `json:"fallback_scsv"`
	SSLv2Format   bool     `json:"sslv2_format"`
	ECH           bool     `json:"ech"`
	EarlyData     bool     `json:"early_data"`
	JA3           string   `json:"ja3"`
	JA3Full       string   `json:"ja3_full"`
	JA4           string   `json:"ja4"`
}

// Server is the ServerHello.
type Server struct {
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

// Certificate is the server's.
type Certificate struct {
	Subject   string   `json:"subject"`
	Issuer    string   `json:"issuer"`
	DNSNames  []string `json:"dns_names"`
	NotBefore string   `json:"not_before"` // RFC 3339
	NotAfter  string   `json:"not_after"`
	SHA256    string   `json:"sha256"`
}

// Alert is a plaintext alert.
type Alert struct {
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
	Unit        string   `json:"unit"`
	Container   string   `json:"container"`
	Cgroup      string   `json:"cgroup"`
	Libraries   []string `json:"libraries"`
	GoVersion   string   `json:"go_version"`
	GoModules   []string `json:"go_modules"`
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

// Advice is what to change.
type Advice struct {
	ID      string `json:"id"`
	Summary string `json:"summary"`
}

// Tally is a count, or true (1) or false (0).
type Tally uint64

// UnmarshalJSON implements json.Unmarshaler. What is neither is left zero, as Parse
// does: an error would end the reading.
func (n *Tally) UnmarshalJSON(text []byte) error {
	if string(text) == "true" {
		*n = 1
		return nil
	}
	count, err := strconv.ParseUint(string(text), 10, 64)
	if err != nil {
		count = 0
	}
	*n = Tally(count)
	return nil
}

// Parse reads one native event. It passes over what another version of tlsfloor, or
// what relayed the event, has made different: members that are not of the schema,
// and members of another type. The error is ErrForeign, or says what is wrong with
// the JSON.
func Parse(line []byte) (*Event, error) {
	e := new(Event)
	var other *json.UnmarshalTypeError
	if err := json.Unmarshal(line, e); err != nil && !errors.As(err, &other) {
		return nil, err
	}
	if e.Schema != schema {
		return nil, ErrForeign
	}
	return e, nil
}
