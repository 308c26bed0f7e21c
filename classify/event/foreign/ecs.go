package foreign

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"tlsfloor/classify"
	"tlsfloor/classify/endpoint"
	"tlsfloor/classify/event"
	"tlsfloor/classify/jsontext"
	"tlsfloor/parse"
)

// ecs is the Elastic Common Schema, version 9.4.0
// (https://www.elastic.co/docs/reference/ecs). Events belong to the data set
// network_traffic.tls, which Elastic's own rules read. Members that the schema lacks
// are under "tlsfloor", with the names of native events.
type ecs struct {
	sensor  event.Sensor
	structs *jsontext.Structs
	event   ecsEvent // the last event, used again
}

type ecsEvent struct {
	Timestamp   string         `json:"@timestamp"`
	ECS         ecsSelf        `json:"ecs"`
	DataStream  *ecsDataStream `json:"data_stream,omitempty"`
	Message     string         `json:"message,omitempty"`
	Event       ecsEventFields `json:"event"`
	Rule        *ecsRule       `json:"rule,omitempty"`
	Network     *ecsNetwork    `json:"network,omitempty"`
	Source      ecsEndpoint    `json:"source,omitzero"`
	Destination ecsEndpoint    `json:"destination,omitzero"`
	Client      ecsEndpoint    `json:"client,omitzero"`
	Server      ecsEndpoint    `json:"server,omitzero"`
	TLS         ecsTLS         `json:"tls,omitzero"`
	Process     *ecsProcess    `json:"process,omitempty"`
	Container   ecsID          `json:"container,omitzero"`
	Related     *ecsRelated    `json:"related,omitempty"`
	Observer    ecsObserver    `json:"observer"`
	Log         ecsLog         `json:"log,omitzero"`
}

type ecsSelf struct {
	Version string `json:"version"`
}

type ecsDataStream struct {
	Type      string `json:"type"`
	Dataset   string `json:"dataset"`
	Namespace string `json:"namespace"`
}

type ecsEventFields struct {
	Kind     string   `json:"kind"`
	Category []string `json:"category"`
	Type     []string `json:"type"`
	Module   string   `json:"module"`
	Dataset  string   `json:"dataset"`
	ID       string   `json:"id,omitempty"`
	Outcome  string   `json:"outcome,omitempty"`
	Reason   string   `json:"reason,omitempty"`
	Start    string   `json:"start,omitempty"`
	End      string   `json:"end,omitempty"`
}

type ecsRule struct {
	Ruleset  string `json:"ruleset"`
	ID       string `json:"id"`
	Name     string `json:"name"`
	Category string `json:"category"`
}

type ecsNetwork struct {
	Transport   string   `json:"transport"`
	IANANumber  string   `json:"iana_number"`
	Protocol    string   `json:"protocol"`
	Type        string   `json:"type,omitempty"`
	Direction   string   `json:"direction"`
	CommunityID string   `json:"community_id,omitempty"`
	VLAN        ecsID    `json:"vlan,omitzero"` // the outermost
	Inner       ecsInner `json:"inner,omitzero"`
}

type ecsInner struct {
	VLAN ecsID `json:"vlan"` // the innermost
}

type ecsID struct {
	ID string `json:"id"`
}

type ecsEndpoint struct {
	Address string  `json:"address,omitempty"`
	IP      string  `json:"ip,omitempty"`
	Port    *uint16 `json:"port,omitempty"`
	Domain  string  `json:"domain,omitempty"`
}

type ecsTLS struct {
	Established     *bool        `json:"established,omitempty"`
	Version         string       `json:"version,omitempty"`
	VersionProtocol string       `json:"version_protocol,omitempty"`
	Cipher          string       `json:"cipher,omitempty"`
	Curve           string       `json:"curve,omitempty"`
	NextProtocol    string       `json:"next_protocol,omitempty"`
	Resumed         bool         `json:"resumed,omitempty"`
	Server          ecsTLSServer `json:"server,omitzero"`
	Client          ecsTLSClient `json:"client,omitzero"`
}

type ecsTLSServer struct {
	JA3S      string  `json:"ja3s,omitempty"`
	Subject   string  `json:"subject,omitempty"`
	Issuer    string  `json:"issuer,omitempty"`
	NotBefore string  `json:"not_before,omitempty"`
	NotAfter  string  `json:"not_after,omitempty"`
	Hash      ecsHash `json:"hash,omitzero"`
	X509      ecsX509 `json:"x509,omitzero"`
}

type ecsTLSClient struct {
	ServerName       string   `json:"server_name,omitempty"`
	JA3              string   `json:"ja3,omitempty"`
	SupportedCiphers []string `json:"supported_ciphers,omitempty"`
}

type ecsName struct {
	Name string `json:"name"`
}

type ecsRelated struct {
	IP    []string `json:"ip,omitempty"`
	Hosts []string `json:"hosts,omitempty"`
	Hash  []string `json:"hash,omitempty"`
	User  []string `json:"user,omitempty"`
}

type ecsObserver struct {
	Type    string     `json:"type"`
	Vendor  string     `json:"vendor"`
	Product string     `json:"product"`
	Name    string     `json:"name,omitempty"`
	Version string     `json:"version,omitempty"`
	Ingress ecsIngress `json:"ingress,omitzero"`
}

type ecsIngress struct {
	Interface ecsName `json:"interface"`
}

type ecsLog struct {
	File ecsFile `json:"file"`
}

type ecsFile struct {
	Path string `json:"path"`
}

// Parts of all events.
var (
	ecsVersion    = ecsSelf{"9.4.0"}
	ecsStream     = &ecsDataStream{"logs", "network_traffic.tls", "tlsfloor"}
	ecsNetworks   = []string{"network"}
	ecsConnection = []string{"connection", "protocol"}
	ecsDenied     = []string{"connection", "protocol", "denied"}
	ecsInfo       = []string{"info"}
)

// AppendFinding appends an alert for a flagged finding, else an event.
func (e *ecs) AppendFinding(dst []byte, f *classify.Finding) []byte {
	client := ecsEndpoint{IP: addrText(f.Client), Port: portOf(f.Client)}
	client.Address = client.IP
	server := ecsEndpoint{IP: addrText(f.Server), Port: portOf(f.Server), Domain: jsontext.WireText(f.Host)}
	server.Address = server.IP
	e.event = ecsEvent{
		Timestamp: jsontext.TimeText(f.Time, "Z"), ECS: ecsVersion, DataStream: ecsStream, Message: jsontext.LocalText(f.Reason),
		Event: ecsEventOf(f), Rule: ecsRuleOf(f), Network: ecsNetworkOf(&f.Observation),
		// The schema requires both ends twice when it is known which is the client.
		Source: client, Destination: server, Client: client, Server: server,
		TLS: ecsTLSOf(&f.Observation), Related: ecsRelatedOf(f, client.IP, server.IP),
	}
	if p := f.Process; p != nil {
		e.event.Process, e.event.Container = ecsProcessOf(p), ecsID{jsontext.LocalText(p.Container)}
	}
	e.observe(cmp.Or(f.Sensor, &e.sensor), f.Source)
	dst = e.structs.AppendOpen(dst, &e.event)
	dst = append(jsontext.AppendKey(dst, `"tlsfloor":`), '{')
	if f.Series != nil {
		dst = jsontext.AppendNumber(dst, `"count":`, f.Series.Count)
	}
	return append(event.AppendRest(dst, f, appendECSProcess), '}')
}

// AppendStats appends a metric. It has no data stream, because one for
// network_traffic.tls refuses events of another data set.
func (e *ecs) AppendStats(dst []byte, s *event.Stats) []byte {
	e.event = ecsEvent{
		Timestamp: jsontext.TimeText(s.Time, "Z"), ECS: ecsVersion,
		Event: ecsEventFields{Kind: "metric", Category: ecsNetworks, Type: ecsInfo, Module: "tlsfloor", Dataset: "tlsfloor.stats"},
	}
	e.observe(cmp.Or(s.Sensor, &e.sensor), s.Source)
	dst = e.structs.AppendOpen(dst, &e.event)
	dst = append(jsontext.AppendKey(dst, `"tlsfloor":`), `{"stats":{`...)
	return append(event.AppendCounts(dst, s), "}}}"...)
}

// observe sets the sensor and the source of the event.
func (e *ecs) observe(by *event.Sensor, source string) {
	e.event.Observer = ecsObserver{
		Type: "sensor", Vendor: "tlsfloor", Product: "tlsfloor", Name: jsontext.LocalText(by.Host), Version: jsontext.LocalText(by.Version),
	}
	if by.Live {
		e.event.Observer.Ingress.Interface.Name = jsontext.LocalText(source)
	} else {
		e.event.Log.File.Path = jsontext.LocalText(source)
	}
}

func ecsEventOf(f *classify.Finding) ecsEventFields {
	v := ecsEventFields{
		Kind: "event", Category: ecsNetworks, Type: ecsConnection, Module: "tlsfloor", Dataset: ecsStream.Dataset,
		ID: endpoint.SumText(&f.Observation), Outcome: ecsOutcome(f.Outcome), Reason: jsontext.LocalText(f.Reason),
	}
	times := f.Times()
	if v.Start = jsontext.TimeText(times.First, "Z"); f.Series != nil {
		v.End = jsontext.TimeText(times.Last, "Z")
	}
	if f.Flagged {
		v.Kind = "alert"
	}
	if f.Outcome == classify.Refused {
		v.Type = ecsDenied
	}
	return v
}

// ecsOutcome returns the outcome of the handshake, not of the verdict.
func ecsOutcome(o classify.Outcome) string {
	switch yes, known := established(o); {
	case yes:
		return "success"
	case known:
		return "failure"
	}
	return "unknown"
}

// ecsRuleOf returns nil for a finding that is not flagged.
func ecsRuleOf(f *classify.Finding) *ecsRule {
	if !f.Flagged {
		return nil
	}
	r := ruleOf(f.Verdict)
	return &ecsRule{"tlsfloor", r.id, r.name, f.Verdict.String()}
}

// ecsDirections are the values of network.direction from the perspective of the
// network's perimeter.
var ecsDirections = [...]string{
	endpoint.Unknown: "unknown", endpoint.Inbound: "inbound", endpoint.Outbound: "outbound", endpoint.Lateral: "internal", endpoint.Passing: "external", endpoint.Local: "internal",
}

func ecsNetworkOf(o *classify.Observation) *ecsNetwork {
	transport, number := transportOf(o)
	n := &ecsNetwork{
		Transport: transport, IANANumber: strconv.Itoa(number), Protocol: o.Protocol.String(),
		Direction: ecsDirections[endpoint.DirectionOf(o.Client, o.Server)], CommunityID: endpoint.CommunityID(o),
	}
	switch ipVersionOf(o.Client) {
	case 4:
		n.Type = "ipv4"
	case 6:
		n.Type = "ipv6"
	}
	if last := len(o.VLANs) - 1; last >= 0 {
		n.VLAN = ecsVLAN(o.VLANs[0])
		if last > 0 {
			n.Inner.VLAN = ecsVLAN(o.VLANs[last])
		}
	}
	return n
}

func ecsVLAN(id uint16) ecsID { return ecsID{strconv.Itoa(int(id))} }

func ecsTLSOf(o *classify.Observation) (t ecsTLS) {
	if yes, known := established(o.Outcome); known {
		t.Established = &yes
	}
	if a := o.Answer; a != nil {
		t.VersionProtocol, t.Version = ecsVersionOf(a.Version)
		t.Curve = curveOf(o)
		t.Cipher, t.NextProtocol, t.Resumed, t.Server.JA3S = event.Cipher(a), jsontext.WireText(a.ALPN), a.Resumed != "", a.JA3S
	}
	if c := o.Hello; c != nil {
		t.Client = ecsTLSClient{jsontext.WireText(o.SNI), c.JA3, offeredCiphers(c)}
	}
	t.Server.addCertificate(o.Certificate)
	return t
}

// ecsVersionOf splits a version into tls.version_protocol and tls.version: "tls" and
// "1.0". Both are empty for an unknown number.
func ecsVersionOf(v parse.Version) (protocol, number string) {
	if v.IsDTLS() {
		return "dtls", ecsDTLSVersion(v)
	}
	switch v.Rank() {
	case parse.SSLv2:
		return "ssl", "2.0"
	case parse.SSLv3:
		return "ssl", "3.0"
	case parse.TLSv1:
		return "tls", "1.0"
	case parse.TLSv11:
		return "tls", "1.1"
	case parse.TLSv12:
		return "tls", "1.2"
	case parse.TLSv13:
		return "tls", "1.3"
	}
	return "", ""
}

// ecsDTLSVersion returns the number of a version of DTLS; empty for an unknown one.
func ecsDTLSVersion(v parse.Version) string {
	switch v {
	case parse.DTLSv1:
		return "1.0"
	case parse.DTLSv12:
		return "1.2"
	case parse.DTLSv13:
		return "1.3"
	}
	return ""
}

// ecsRelatedOf lists the values that an analyst searches all events for, each once;
// client and server are the texts of the addresses. It returns nil when there are
// none.
func ecsRelatedOf(f *classify.Finding, client, server string) *ecsRelated {
	r := &ecsRelated{Hosts: ecsHosts(f), Hash: ecsHashes(&f.Observation)}
	r.IP = make([]string, 0, 4)
	for _, text := range [...]string{client, server, addrText(f.Proxied.Client), addrText(f.Proxied.Server)} {
		if text != "" && !slices.Contains(r.IP, text) {
			r.IP = append(r.IP, text)
		}
	}
	if f.Process != nil {
		r.User = ecsUsers(f.Process)
	}
	if len(r.IP)+len(r.Hosts)+len(r.Hash)+len(r.User) == 0 {
		return nil
	}
	return r
}

func ecsUsers(p *classify.Process) []string {
	users := make([]string, 0, 2)
	if p.User != "" {
		users = append(users, jsontext.LocalText(p.User))
	}
	if p.LoginUser != "" && p.LoginUser != p.User {
		users = append(users, jsontext.LocalText(p.LoginUser))
	}
	return users
}

// ecsHosts lists each name once, in the letter case that was captured.
func ecsHosts(f *classify.Finding) (hosts []string) {
	if f.Host != "" {
		hosts = append(hosts, jsontext.WireText(f.Host))
	}
	for i, n := range f.Names {
		same := func(other classify.Name) bool { return other.Host == n.Host }
		if n.Host != "" && n.Host != f.Host && !slices.ContainsFunc(f.Names[:i], same) {
			hosts = append(hosts, jsontext.WireText(n.Host))
		}
	}
	return hosts
}

func ecsHashes(o *classify.Observation) (hashes []string) {
	add := func(hash string) {
		if hash != "" {
			hashes = append(hashes, hash)
		}
	}
	if o.Hello != nil {
		add(o.Hello.JA3)
		add(jsontext.WireText(o.Hello.JA4))
	}
	if o.Answer != nil {
		add(o.Answer.JA3S)
	}
	if o.Certificate != nil {
		add(strings.ToUpper(o.Certificate.SHA256))
	}
	return hashes
}
