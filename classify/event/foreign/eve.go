package foreign

import (
	"cmp"
	"encoding/binary"
	"net/netip"
	"strconv"

	"tlsfloor/classify"
	"tlsfloor/classify/endpoint"
	"tlsfloor/classify/event"
	"tlsfloor/classify/jsontext"
	"tlsfloor/parse"
)

// eve is Suricata's JSON log (https://docs.suricata.io, "EVE JSON Output"). Its
// schema allows no other members. The verdict is in metadata, where Suricata's rules
// note things about a flow.
type eve struct {
	sensor  event.Sensor
	structs *jsontext.Structs
	event   eveEvent // the last event, used again
}

// eveEvent is an event of either type.
type eveEvent struct {
	Timestamp    string       `json:"timestamp"`
	FlowID       uint64       `json:"flow_id,omitempty"`
	InIface      string       `json:"in_iface,omitempty"`
	PcapFilename string       `json:"pcap_filename,omitempty"`
	EventType    string       `json:"event_type"`
	VLAN         []uint16     `json:"vlan,omitempty"`
	SrcIP        string       `json:"src_ip,omitempty"`
	SrcPort      *uint16      `json:"src_port,omitempty"`
	DestIP       string       `json:"dest_ip,omitempty"`
	DestPort     *uint16      `json:"dest_port,omitempty"`
	Proto        string       `json:"proto,omitempty"`
	IPVersion    int          `json:"ip_v,omitempty"`
	CommunityID  string       `json:"community_id,omitempty"`
	AppProto     string       `json:"app_proto,omitempty"`
	Host         string       `json:"host,omitempty"`
	Metadata     *eveMetadata `json:"metadata,omitempty"`
	TLS          *eveTLS      `json:"tls,omitempty"`
	Stats        *eveStats    `json:"stats,omitempty"`
}

type eveMetadata struct {
	FlowBits []string     `json:"flowbits"`
	FlowVars []eveFlowVar `json:"flowvars,omitempty"`
}

type eveFlowVar struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

type eveTLS struct {
	FromProto       string           `json:"from_proto,omitempty"`
	SNI             string           `json:"sni,omitempty"`
	JA3             eveJA3           `json:"ja3,omitzero"`
	JA4             string           `json:"ja4,omitempty"`
	ClientALPNs     []string         `json:"client_alpns,omitempty"`
	ClientHandshake *eveClientsOffer `json:"client_handshake,omitempty"`
	Version         string           `json:"version"`
	SessionResumed  bool             `json:"session_resumed,omitempty"`
	JA3S            eveJA3           `json:"ja3s,omitzero"`
	ServerALPNs     []string         `json:"server_alpns,omitempty"`
	ServerHandshake *eveServersPick  `json:"server_handshake,omitempty"`
	eveCertificate
}

type eveJA3 struct {
	Hash   string `json:"hash,omitempty"`
	String string `json:"string,omitempty"`
}

type eveClientsOffer struct {
	Version string   `json:"version,omitempty"`
	Ciphers []uint16 `json:"ciphers,omitempty"`
	Exts    []uint16 `json:"exts,omitempty"`
}

type eveServersPick struct {
	Version string   `json:"version"`
	Cipher  *uint16  `json:"cipher,omitempty"`
	Exts    []uint16 `json:"exts,omitempty"`
}

type eveStats struct {
	Capture struct {
		KernelPackets uint64 `json:"kernel_packets"`
		KernelDrops   uint64 `json:"kernel_drops"`
		KernelIfDrops uint64 `json:"kernel_ifdrops"`
	} `json:"capture"`
	Decoder struct {
		Pkts  uint64 `json:"pkts"`
		Bytes uint64 `json:"bytes"`
	} `json:"decoder"`
	Flow struct {
		TCP uint64 `json:"tcp"`
	} `json:"flow"`
	AppLayer struct {
		Flow struct {
			TLS uint64 `json:"tls"`
		} `json:"flow"`
	} `json:"app_layer"`
	Detect struct {
		Alert uint64 `json:"alert"`
	} `json:"detect"`
}

// AppendFinding appends an event of type "tls".
func (e *eve) AppendFinding(dst []byte, f *classify.Finding) []byte {
	e.begin(f.Time, cmp.Or(f.Sensor, &e.sensor), f.Source, "tls")
	v := &e.event
	v.FlowID, v.VLAN = eveFlowID(&f.Observation), f.VLANs
	v.SrcIP, v.SrcPort, v.DestIP, v.DestPort = eveAddr(f.Client), portOf(f.Client), eveAddr(f.Server), portOf(f.Server)
	transport := "TCP"
	if f.OverUDP() {
		transport = "UDP"
	}
	v.Proto, v.IPVersion, v.AppProto = transport, ipVersionOf(f.Client), f.Protocol.String()
	v.CommunityID = endpoint.CommunityID(&f.Observation)
	v.Metadata = eveMetadataOf(f)
	v.TLS = eveTLSOf(&f.Observation)
	return e.structs.Append(dst, v)
}

// AppendStats appends an event of type "stats".
func (e *eve) AppendStats(dst []byte, s *event.Stats) []byte {
	e.begin(s.Time, cmp.Or(s.Sensor, &e.sensor), s.Source, "stats")
	c := new(eveStats)
	c.Capture.KernelPackets, c.Capture.KernelDrops, c.Capture.KernelIfDrops = s.Packets+s.KernelDropped, s.KernelDropped, s.InterfaceDropped
	c.Decoder.Pkts, c.Decoder.Bytes = s.Packets, s.Bytes
	c.Flow.TCP, c.AppLayer.Flow.TLS, c.Detect.Alert = s.Flows, s.Handshakes, s.Flagged
	e.event.Stats = c
	return e.structs.Append(dst, &e.event)
}

// eveAddr returns an address as Suricata writes it: that of IPv6 in its long form.
func eveAddr(a netip.AddrPort) string {
	if !a.IsValid() {
		return ""
	}
	return a.Addr().WithZone("").StringExpanded()
}

// begin sets the members of both types. Suricata writes UTC as +0000.
func (e *eve) begin(ns int64, by *event.Sensor, source, kind string) {
	e.event = eveEvent{Timestamp: jsontext.TimeText(ns, "+0000"), EventType: kind, Host: jsontext.LocalText(by.Host)}
	if by.Live {
		e.event.InIface = jsontext.LocalText(source)
	} else {
		e.event.PcapFilename = jsontext.LocalText(source)
	}
}

// eveFlowID returns 51 bits, as Suricata does, so that readers with numbers in double
// precision do not change it.
func eveFlowID(o *classify.Observation) uint64 {
	sum := endpoint.Sum(o)
	return binary.BigEndian.Uint64(sum[:]) >> 13
}

func eveMetadataOf(f *classify.Finding) *eveMetadata {
	m := &eveMetadata{FlowBits: append(make([]string, 0, 3), eveVerdicts[f.Verdict]), FlowVars: make([]eveFlowVar, 0, 8+len(f.Anomalies))}
	if f.InScope {
		m.FlowBits = append(m.FlowBits, "tlsfloor.in_scope")
	}
	if f.Flagged {
		m.FlowBits = append(m.FlowBits, "tlsfloor.flagged")
	}
	m.add("tlsfloor.outcome", f.Outcome.String())
	m.add("tlsfloor.fix", f.Fix.String())
	m.add("tlsfloor.reason", jsontext.LocalText(f.Reason))
	m.add("tlsfloor.host_source", f.HostSource.String())
	if p := f.Process; p != nil {
		m.add("tlsfloor.process", event.Program(p.Executable, p.CommandLine))
	}
	if s := f.Software; s != nil {
		m.add("tlsfloor.software", jsontext.LocalText(s.ID))
	}
	if a := f.Advice; a != nil {
		m.add("tlsfloor.advice", jsontext.LocalText(a.ID))
	}
	if a := f.Alert; a != nil {
		m.add("tlsfloor.alert", a.From.String()+" "+parse.AlertLevel(a.Level).String()+" "+parse.AlertDescription(a.Code).String())
	}
	for _, a := range f.Anomalies {
		m.add("tlsfloor.anomaly", a)
	}
	m.add("tlsfloor.host", jsontext.WireText(f.Host))
	m.addSeries(f.Series)
	m.addException(f.Exception)
	return m
}

var eveVerdicts = [...]string{
	classify.Undetermined: "tlsfloor.undetermined", classify.OK: "tlsfloor.ok", classify.Exposed: "tlsfloor.exposed",
	classify.Attempt: "tlsfloor.attempt", classify.Violation: "tlsfloor.violation",
}

// add adds a variable, unless its value is empty.
func (m *eveMetadata) add(key, value string) {
	if value != "" {
		m.FlowVars = append(m.FlowVars, eveFlowVar{key, value})
	}
}

func eveTLSOf(o *classify.Observation) *eveTLS {
	t := &eveTLS{FromProto: jsontext.LocalText(eveProtocol(o.StartTLS)), Version: "UNDETERMINED"}
	if c := o.Hello; c != nil {
		t.SNI, t.JA3, t.JA4, t.ClientALPNs = jsontext.WireText(o.SNI), eveJA3{c.JA3, c.JA3Full}, jsontext.WireText(c.JA4), jsontext.WireTexts(c.ALPN)
		offer := &eveClientsOffer{Ciphers: listed(c.JA3Full, 1), Exts: listed(c.JA3Full, 2)}
		if c.ShowsVersions() {
			offer.Version = eveVersion(c.MaxVersion())
		}
		t.ClientHandshake = offer
	}
	if a := o.Answer; a != nil {
		t.Version, t.SessionResumed, t.JA3S = eveVersion(a.Version), a.Resumed != "", eveJA3{a.JA3S, a.JA3SFull}
		if a.ALPN != "" {
			t.ServerALPNs = []string{jsontext.WireText(a.ALPN)}
		}
		t.ServerHandshake = &eveServersPick{t.Version, event.CipherID(a), listed(a.JA3SFull, 2)}
	} else if a := o.Alert; a != nil && a.From == classify.ServerSide && a.Record != 0 {
		t.Version = eveVersion(a.Record) // Suricata takes it from any record of the server
	}
	t.eveCertificate = eveCertificateOf(o.Certificate)
	return t
}

// eveProtocol returns Suricata's name of a protocol in which TLS began.
func eveProtocol(name string) string {
	switch name {
	case "postgresql":
		return "pgsql"
	case "http-connect":
		return "http"
	case "xmpp":
		return "jabber"
	}
	return name
}

// eveVersion returns Suricata's name of a version. For SSLv2, SSLv3, TLSv1, DTLS and
// unknown numbers it is the same as ours.
func eveVersion(v parse.Version) string {
	switch {
	case v == parse.TLSv11:
		return "TLS 1.1"
	case v == parse.TLSv12:
		return "TLS 1.2"
	case v == parse.TLSv13:
		return "TLS 1.3"
	case v.IsDraft13():
		draft := "TLS 1.3 draft-" + strconv.Itoa(int(v&0xff))
		if v>>8 == 0xfb { // Facebook's
			draft += "-fb"
		}
		return draft
	}
	return v.String()
}
