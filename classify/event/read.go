package event

import (
	"errors"
	"net/netip"
	"time"

	"tlsfloor/classify"
	"tlsfloor/classify/jsontext"
	"tlsfloor/parse"
)

// schema is the name of the native schema (docs/event.schema.json).
const schema = "tlsfloor/1"

// The kinds of events.
const (
	KindHandshake = "handshake"
	KindStats     = "stats"
)

var (
	errNotJSON = errors.New("not a line of JSON")
	errForeign = errors.New("not an event of tlsfloor")
)

// Read reads a native event back as what it was made of: a finding or the counts of a
// run, with all that any format writes. Both are nil for an event of another kind, which
// a newer tlsfloor may write. They do not refer to line.
//
// Members and words that are unknown, and members of another type, are passed over:
// another version or a relay may have written them. A line that is not JSON, or not a
// native event, is an error. Anybody may have written it: texts may have control
// characters, and members may contradict each other.
func Read(line []byte) (*classify.Finding, *Stats, error) {
	r := reader{Reader: jsontext.NewReader(line), finding: new(classify.Finding), sensor: new(Sensor)}
	if r.Object() {
		for r.Member() {
			if key := r.Key(); !r.common(key) && !r.flow(key) && !r.parts(key) && !r.counts(key) {
				r.Skip()
			}
		}
	}
	switch {
	case !r.Whole():
		return nil, nil, errNotJSON
	case !r.native:
		return nil, nil, errForeign
	}
	return r.event()
}

// reader has what was read of an event. What kind it is may come last.
type reader struct {
	jsontext.Reader
	native         bool // the schema is ours
	handshake      bool
	counted        bool // it is of kind stats
	time           int64
	client, server end
	sensor         *Sensor
	source         string
	finding        *classify.Finding
	series         classify.Series
	stats          Stats
}

// event returns what was read.
func (r *reader) event() (*classify.Finding, *Stats, error) {
	switch {
	case r.handshake:
		f := r.finding
		f.Time, f.Source, f.Sensor = r.time, r.source, r.sensor
		f.Client, f.Server = r.client.addrPort(), r.server.addrPort()
		if r.series.Count > 0 {
			series := r.series // r is large
			f.Series = &series
		}
		if f.Names == nil && f.HostSource != classify.NameNone { // a single candidate is the host
			f.Names = []classify.Name{{Host: f.Host, Source: f.HostSource}}
		}
		return f, nil, nil
	case r.counted:
		s := r.stats
		s.Time, s.Source, s.Sensor = r.time, r.source, r.sensor
		return nil, &s, nil
	}
	return nil, nil, nil
}

// The functions below read the value of a member, or report that it is none of theirs.

// common reads members that events of both kinds have. Whether a flow is flagged and in
// scope is in members with the names of counts.
func (r *reader) common(key []byte) bool {
	switch string(key) {
	case "schema":
		r.native = string(r.Word()) == schema
	case "kind":
		kind := r.Word()
		r.handshake, r.counted = string(kind) == KindHandshake, string(kind) == KindStats
	case "ts":
		r.time = readTime(&r.Reader)
	case "flagged":
		r.stats.Flagged, r.finding.Flagged = r.Tally()
	case "count":
		r.series.Count = jsontext.Number[uint64](&r.Reader)
	case "first_seen":
		r.series.First = readTime(&r.Reader)
	case "last_seen":
		r.series.Last = readTime(&r.Reader)
	case "in_scope":
		r.stats.InScope, r.finding.InScope = r.Tally()
	case "sensor":
		r.readSensor()
	default:
		return false
	}
	return true
}

func (r *reader) readSensor() {
	if !r.Object() {
		return
	}
	for r.Member() {
		switch string(r.Key()) {
		case "host":
			r.sensor.Host = r.Text()
		case "source":
			r.source = r.Text()
		case "version":
			r.sensor.Version = r.Text()
		case "live":
			r.sensor.Live = r.Bool()
		default:
			r.Skip()
		}
	}
}

// flow reads the members of a handshake that are not objects.
func (r *reader) flow(key []byte) bool {
	f := r.finding
	switch string(key) {
	case "verdict":
		f.Verdict = readWord(&r.Reader, classify.Violation, classify.Undetermined)
	case "outcome":
		f.Outcome = readWord(&r.Reader, classify.Truncated, classify.OutcomeUnknown)
	case "fix":
		f.Fix = readWord(&r.Reader, classify.FixUnknown, classify.FixUnknown)
	case "protocol":
		f.Protocol = readWord(&r.Reader, parse.QUIC, parse.TLS)
	case "exception":
		f.Exception = readException(&r.Reader)
	case "reason":
		f.Reason = r.Text()
	case "src_ip":
		r.client.ip = readAddr(&r.Reader)
	case "src_port":
		r.client.port = jsontext.Number[uint16](&r.Reader)
	case "dst_ip":
		r.server.ip = readAddr(&r.Reader)
	case "dst_port":
		r.server.port = jsontext.Number[uint16](&r.Reader)
	case "vlan":
		f.VLANs = readVLANs(&r.Reader)
	case "tunnels":
		f.Tunnels = r.Texts()
	case "host":
		f.Host = r.Wire()
	case "host_source":
		f.HostSource = readWord(&r.Reader, classify.NameAddress, classify.NameNone)
	case "history":
		f.History = r.Own()
	case "starttls":
		f.StartTLS = r.Text()
	case "anomalies":
		f.Anomalies = r.Texts()
	default:
		return false
	}
	return true
}

// counts reads the members of a run's counts.
func (r *reader) counts(key []byte) bool {
	s := &r.stats
	switch string(key) {
	case "packets":
		s.Packets = jsontext.Number[uint64](&r.Reader)
	case "bytes":
		s.Bytes = jsontext.Number[uint64](&r.Reader)
	case "kernel_dropped":
		s.KernelDropped = jsontext.Number[uint64](&r.Reader)
	case "interface_dropped":
		s.InterfaceDropped = jsontext.Number[uint64](&r.Reader)
	case "flows":
		s.Flows = jsontext.Number[uint64](&r.Reader)
	case "hellos":
		s.Hellos = jsontext.Number[uint64](&r.Reader)
	case "handshakes":
		s.Handshakes = jsontext.Number[uint64](&r.Reader)
	case "excepted":
		s.Excepted = jsontext.Number[uint64](&r.Reader)
	case "held":
		s.Held = jsontext.Number[uint64](&r.Reader)
	case "own_handshakes":
		s.Own = jsontext.Number[uint64](&r.Reader)
	case "blind":
		s.Blind = jsontext.List(&r.Reader, readSpot)
	case "final":
		s.Final = r.Bool()
	default:
		return false
	}
	return true
}

func readSpot(r *jsontext.Reader) (s Spot) {
	if !r.Object() {
		return s
	}
	for r.Member() {
		switch string(r.Key()) {
		case "cause":
			s.Cause = r.Own()
		case "count":
			s.Count = jsontext.Number[uint64](r)
		case "top":
			s.Top = jsontext.List(r, readItem)
		case "text":
			s.Text = r.Text()
		default:
			r.Skip()
		}
	}
	return s
}

func readItem(r *jsontext.Reader) (i Item) {
	if !r.Object() {
		return i
	}
	for r.Member() {
		switch string(r.Key()) {
		case "number":
			if n, ok := r.Uint(1<<32 - 1); ok {
				number := uint32(n)
				i.Number = &number
			}
		case "name":
			i.Name = r.Text()
		case "count":
			i.Count = jsontext.Number[uint64](r)
		default:
			r.Skip()
		}
	}
	return i
}

// end is one end of a connection.
type end struct {
	ip   netip.Addr
	port uint16
}

// addrPort returns the zero AddrPort where there is no address.
func (e end) addrPort() netip.AddrPort {
	if !e.ip.IsValid() {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(e.ip, e.port)
}

// readAddr reads an address; the zero Addr: it is none. It has no zone.
func readAddr(r *jsontext.Reader) netip.Addr {
	a, err := netip.ParseAddr(string(r.Word()))
	if err != nil {
		return netip.Addr{}
	}
	return a.WithZone("")
}

func readVLANs(r *jsontext.Reader) []uint16 { return jsontext.List(r, jsontext.Number[uint16]) }

// readWord reads a word: the value up to last that has it, else other.
func readWord[V interface {
	~uint8
	String() string
}](r *jsontext.Reader, last, other V) V {
	word := r.Word()
	for v := range last + 1 {
		if v.String() == string(word) {
			return v
		}
	}
	return other
}

// readTime reads a time, in nanoseconds since the Unix epoch; 0: it is none, or none that
// these can tell.
func readTime(r *jsontext.Reader) int64 {
	t, ok := readDate(r)
	if !ok || t.Year() < 1678 || t.Year() > 2261 {
		return 0
	}
	return t.UnixNano()
}

// readSeconds reads a time, in seconds since the Unix epoch; 0: it is none.
func readSeconds(r *jsontext.Reader) int64 {
	t, ok := readDate(r)
	if !ok {
		return 0
	}
	return t.Unix()
}

func readDate(r *jsontext.Reader) (t time.Time, ok bool) {
	t, err := time.Parse(time.RFC3339, string(r.Word()))
	return t, err == nil
}
