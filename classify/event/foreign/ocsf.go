package foreign

import (
	"cmp"
	"strings"
	"time"

	"tlsfloor/classify"
	"tlsfloor/classify/endpoint"
	"tlsfloor/classify/event"
	"tlsfloor/classify/jsontext"
)

// ocsf is the Open Cybersecurity Schema Framework, version 1.8.0
// (https://schema.ocsf.io): a Detection Finding (class 2004) for a flagged finding,
// else a Network Activity (class 4001). Members that the schema lacks are under
// "unmapped", with the names of native events.
type ocsf struct {
	sensor    event.Sensor
	structs   *jsontext.Structs
	detection ocsfDetection // the last event of each class, used again
	activity  ocsfActivity
}

// ocsfClass is the class of an event, with the members that the schema derives from
// class and activity.
type ocsfClass struct {
	ClassUID     int    `json:"class_uid"`
	ClassName    string `json:"class_name"`
	CategoryUID  int    `json:"category_uid"`
	CategoryName string `json:"category_name"`
	ActivityID   int    `json:"activity_id"`
	ActivityName string `json:"activity_name"`
	TypeUID      int    `json:"type_uid"`
	TypeName     string `json:"type_name"`
}

type ocsfActivity struct {
	ocsfClass
	SeverityID int    `json:"severity_id"`
	Severity   string `json:"severity"`
	Time       int64  `json:"time"` // milliseconds since the Unix epoch
	ocsfSeries
	Message      string       `json:"message,omitempty"`
	Metadata     ocsfMetadata `json:"metadata"`
	StatusID     int          `json:"status_id"`
	Status       string       `json:"status"`
	StatusDetail string       `json:"status_detail,omitempty"`
	ocsfConnection
	Observables []ocsfObservable `json:"observables,omitempty"`
}

type ocsfDetection struct {
	ocsfClass
	StatusID     int    `json:"status_id"`
	Status       string `json:"status"`
	IsAlert      bool   `json:"is_alert"`
	SeverityID   int    `json:"severity_id"`
	Severity     string `json:"severity"`
	ConfidenceID int    `json:"confidence_id"`
	Confidence   string `json:"confidence"`
	Time         int64  `json:"time"`
	ocsfSeries
	Message     string           `json:"message,omitempty"`
	Metadata    ocsfMetadata     `json:"metadata"`
	FindingInfo ocsfFindingInfo  `json:"finding_info"`
	Evidences   []ocsfConnection `json:"evidences"`
	Remediation ocsfRemediation  `json:"remediation"`
	Observables []ocsfObservable `json:"observables,omitempty"`
}

type ocsfMetadata struct {
	Version     string      `json:"version"`
	LogProvider string      `json:"log_provider"`
	Profiles    []string    `json:"profiles,omitempty"`
	UID         string      `json:"uid"`
	LogSource   string      `json:"log_source,omitempty"`
	Product     ocsfProduct `json:"product"`
	Reporter    ocsfName    `json:"reporter,omitzero"`
}

type ocsfProduct struct {
	Name       string `json:"name"`
	VendorName string `json:"vendor_name"`
	Version    string `json:"version,omitempty"`
}

type ocsfName struct {
	Name string `json:"name"`
}

type ocsfFindingInfo struct {
	UID           string       `json:"uid"`
	Title         string       `json:"title"`
	Desc          string       `json:"desc,omitempty"`
	FirstSeenTime int64        `json:"first_seen_time"`
	DataSources   []string     `json:"data_sources"`
	Analytic      ocsfAnalytic `json:"analytic"`
}

type ocsfAnalytic struct {
	TypeID  int    `json:"type_id"`
	Type    string `json:"type"`
	UID     string `json:"uid"`
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
}

type ocsfRemediation struct {
	Desc string `json:"desc"`
}

// ocsfConnection are attributes of an activity, which a finding has in its evidence.
type ocsfConnection struct {
	ConnectionInfo     ocsfConnectionInfo `json:"connection_info"`
	SrcEndpoint        ocsfEndpoint       `json:"src_endpoint,omitzero"`
	DstEndpoint        ocsfEndpoint       `json:"dst_endpoint,omitzero"`
	TLS                *ocsfTLS           `json:"tls,omitempty"`
	JA4FingerprintList []ocsfJA4          `json:"ja4_fingerprint_list,omitempty"`
	Actor              ocsfActor          `json:"actor,omitzero"`
}

type ocsfConnectionInfo struct {
	DirectionID   int    `json:"direction_id"`
	Direction     string `json:"direction"`
	ProtocolNum   int    `json:"protocol_num"`
	ProtocolName  string `json:"protocol_name"`
	ProtocolVerID int    `json:"protocol_ver_id,omitempty"`
	CommunityUID  string `json:"community_uid,omitempty"`
}

type ocsfEndpoint struct {
	IP       string  `json:"ip,omitempty"`
	Port     *uint16 `json:"port,omitempty"`
	Hostname string  `json:"hostname,omitempty"`
	SvcName  string  `json:"svc_name,omitempty"`
}

type ocsfTLS struct {
	Version  string           `json:"version"`
	Cipher   string           `json:"cipher,omitempty"`
	Offered  []string         `json:"client_ciphers,omitempty"`
	JA3SHash *ocsfFingerprint `json:"ja3s_hash,omitempty"`
	SNI      string           `json:"sni,omitempty"`
	JA3Hash  *ocsfFingerprint `json:"ja3_hash,omitempty"`
	Alert    *uint8           `json:"alert,omitempty"`

	Certificate *ocsfCertificate `json:"certificate,omitempty"`
}

type ocsfFingerprint struct {
	AlgorithmID int    `json:"algorithm_id"`
	Algorithm   string `json:"algorithm"`
	Value       string `json:"value"`
}

type ocsfJA4 struct {
	TypeID   int    `json:"type_id"`
	Type     string `json:"type"`
	Value    string `json:"value"`
	SectionA string `json:"section_a,omitempty"`
	SectionB string `json:"section_b,omitempty"`
	SectionC string `json:"section_c,omitempty"`
}

type ocsfActor struct {
	Process *ocsfProcess `json:"process,omitempty"`
	User    ocsfName     `json:"user,omitzero"` // who logged in
	AppName string       `json:"app_name,omitempty"`
}

type ocsfUID struct {
	UID string `json:"uid"`
}

type ocsfObservable struct {
	Name   string `json:"name"` // the path of the attribute
	TypeID int    `json:"type_id"`
	Type   string `json:"type"`
	Value  string `json:"value"`
}

// AppendFinding appends an event of the finding's class.
func (o *ocsf) AppendFinding(dst []byte, f *classify.Finding) []byte {
	if f.Flagged {
		o.fillDetection(f)
		dst = o.structs.AppendOpen(dst, &o.detection)
	} else {
		o.fillActivity(f)
		dst = o.structs.AppendOpen(dst, &o.activity)
	}
	dst = append(jsontext.AppendKey(dst, `"unmapped":`), '{')
	if f.OverUDP() { // the schema has the transport only
		dst = jsontext.AppendWord(dst, `"protocol":`, f.Protocol.String())
	}
	return append(event.AppendRest(dst, f, func(dst []byte, _ *classify.Process) []byte { return dst }), '}')
}

// AppendStats appends nothing: the schema has no class for counts.
func (*ocsf) AppendStats(dst []byte, _ *event.Stats) []byte { return dst }

// ocsfActivities are the classes of activities, by how the handshake ended.
var ocsfActivities = [...]ocsfClass{
	classify.OutcomeUnknown: {4001, "Network Activity", 4, "Network Activity", 6, "Traffic", 400106, "Network Activity: Traffic"},
	classify.Established:    {4001, "Network Activity", 4, "Network Activity", 1, "Open", 400101, "Network Activity: Open"},
	classify.Refused:        {4001, "Network Activity", 4, "Network Activity", 5, "Refuse", 400105, "Network Activity: Refuse"},
	classify.Reset:          {4001, "Network Activity", 4, "Network Activity", 3, "Reset", 400103, "Network Activity: Reset"},
	classify.Closed:         {4001, "Network Activity", 4, "Network Activity", 2, "Close", 400102, "Network Activity: Close"},
	classify.Unanswered:     {4001, "Network Activity", 4, "Network Activity", 4, "Fail", 400104, "Network Activity: Fail"},
	classify.Truncated:      {4001, "Network Activity", 4, "Network Activity", 6, "Traffic", 400106, "Network Activity: Traffic"},
}

func (o *ocsf) fillActivity(f *classify.Finding) {
	o.activity = ocsfActivity{
		ocsfClass: ocsfActivities[f.Outcome], SeverityID: 1, Severity: "Informational",
		Time: milliseconds(f.Time), ocsfSeries: ocsfSeriesOf(f.Series), Message: jsontext.LocalText(f.Reason), Metadata: o.metadata(f),
		StatusDetail: f.Outcome.String(), ocsfConnection: ocsfConnectionOf(f),
	}
	a := &o.activity
	a.Observables = a.observables("")
	switch yes, known := established(f.Outcome); {
	case yes:
		a.StatusID, a.Status = 1, "Success"
	case known:
		a.StatusID, a.Status = 2, "Failure"
	default:
		a.StatusID, a.Status = 0, "Unknown"
	}
}

// ocsfCreate is the class of a new finding.
var ocsfCreate = ocsfClass{2004, "Detection Finding", 2, "Findings", 1, "Create", 200401, "Detection Finding: Create"}

func (o *ocsf) fillDetection(f *classify.Finding) {
	o.detection = ocsfDetection{
		ocsfClass: ocsfCreate, StatusID: 1, Status: "New", IsAlert: true,
		Time: milliseconds(f.Time), ocsfSeries: ocsfSeriesOf(f.Series), Message: jsontext.LocalText(f.Reason), Metadata: o.metadata(f),
		Evidences: append(o.detection.Evidences[:0], ocsfConnectionOf(f)), Remediation: ocsfRemediation{jsontext.LocalText(remedy(f))},
	}
	d := &o.detection
	d.FindingInfo = ocsfFindingInfoOf(f, &d.Metadata)
	d.Observables = d.Evidences[0].observables("evidences.")
	d.SeverityID, d.Severity = 2, "Low" // an attempt: no data was sent below the floor
	if f.Verdict == classify.Violation {
		d.SeverityID, d.Severity = 3, "Medium"
	}
	switch f.HostSource { // only the destination's name is uncertain, not the versions
	case classify.NameSNI, classify.NameConnect, classify.NameCertificate:
		d.ConfidenceID, d.Confidence = 3, "High"
	case classify.NameDNS:
		d.ConfidenceID, d.Confidence = 2, "Medium"
	default:
		d.ConfidenceID, d.Confidence = 1, "Low"
	}
}

func (o *ocsf) metadata(f *classify.Finding) ocsfMetadata {
	by := cmp.Or(f.Sensor, &o.sensor)
	return ocsfMetadata{
		Version: "1.8.0", LogProvider: "tlsfloor", Profiles: ocsfProfiles(f), UID: endpoint.SumText(&f.Observation), LogSource: jsontext.LocalText(f.Source),
		Product:  ocsfProduct{"tlsfloor", "tlsfloor", jsontext.LocalText(by.Version)},
		Reporter: ocsfName{jsontext.LocalText(by.Host)},
	}
}

// ocsfProfiles returns the profiles of the attributes: host for the actor of an
// activity (in evidence, the actor is of the base schema), and container.
func ocsfProfiles(f *classify.Finding) (names []string) {
	if !f.Flagged && (f.Process != nil || ocsfAppName(f.Software) != "") {
		names = append(names, "host")
	}
	if f.Process != nil && f.Process.Container != "" {
		names = append(names, "container")
	}
	return names
}

var ocsfDataSources = []string{"TLS handshakes"}

func ocsfFindingInfoOf(f *classify.Finding, m *ocsfMetadata) ocsfFindingInfo {
	r := ruleOf(f.Verdict)
	return ocsfFindingInfo{
		UID: m.UID, Title: r.name, Desc: jsontext.LocalText(f.Reason), FirstSeenTime: milliseconds(f.Time), DataSources: ocsfDataSources,
		Analytic: ocsfAnalytic{1, "Rule", r.id, r.name, m.Product.Version},
	}
}

func ocsfConnectionOf(f *classify.Finding) ocsfConnection {
	c := ocsfConnection{
		ConnectionInfo: ocsfConnectionInfoOf(&f.Observation),
		SrcEndpoint:    ocsfEndpoint{IP: addrText(f.Client), Port: portOf(f.Client)},
		DstEndpoint:    ocsfEndpoint{IP: addrText(f.Server), Port: portOf(f.Server), Hostname: jsontext.WireText(f.Host)},
		TLS:            ocsfTLSOf(&f.Observation),
		Actor:          ocsfActor{Process: ocsfProcessOf(f.Process), AppName: jsontext.LocalText(ocsfAppName(f.Software))},
	}
	if f.Process != nil {
		c.Actor.User = ocsfName{jsontext.LocalText(f.Process.LoginUser)}
	}
	if f.AWS != nil {
		c.DstEndpoint.SvcName = jsontext.WireText(f.AWS.Service)
	}
	if f.Hello != nil && f.Hello.JA4 != "" {
		value := jsontext.WireText(f.Hello.JA4)
		a, rest, _ := strings.Cut(value, "_")
		b, last, _ := strings.Cut(rest, "_")
		c.JA4FingerprintList = []ocsfJA4{{1, "JA4", value, a, b, last}}
	}
	return c
}

// milliseconds converts nanoseconds since the Unix epoch. Those before it are rounded down,
// as in native events.
func milliseconds(ns int64) int64 { return time.Unix(0, ns).UnixMilli() }

var ocsfDirections = [...]struct {
	id   int
	name string
}{
	endpoint.Unknown: {0, "Unknown"}, endpoint.Inbound: {1, "Inbound"}, endpoint.Outbound: {2, "Outbound"}, endpoint.Lateral: {3, "Lateral"}, endpoint.Local: {4, "Local"},
	endpoint.Passing: {0, "Unknown"}, // the schema has no value for it
}

func ocsfConnectionInfoOf(o *classify.Observation) ocsfConnectionInfo {
	d := ocsfDirections[endpoint.DirectionOf(o.Client, o.Server)]
	transport, number := transportOf(o)
	return ocsfConnectionInfo{d.id, d.name, number, transport, ipVersionOf(o.Client), endpoint.CommunityID(o)}
}

// transportOf returns the name and the number of the IP protocol.
func transportOf(o *classify.Observation) (name string, number int) {
	if o.OverUDP() {
		return "udp", 17
	}
	return "tcp", 6
}

// ocsfTLSOf sets the version "Unknown" when no server selected one: the schema
// requires a version.
func ocsfTLSOf(o *classify.Observation) *ocsfTLS {
	if o.Hello == nil && o.Answer == nil {
		return nil
	}
	t := &ocsfTLS{Version: "Unknown", Certificate: ocsfCertificateOf(o.Certificate)}
	if a := o.Answer; a != nil {
		t.Version, t.Cipher, t.JA3SHash = a.Version.String(), event.Cipher(a), ocsfMD5(a.JA3S)
	}
	if c := o.Hello; c != nil {
		t.SNI, t.JA3Hash, t.Offered = jsontext.WireText(o.SNI), ocsfMD5(c.JA3), offeredCiphers(c)
	}
	if o.Alert != nil {
		t.Alert = &o.Alert.Code
	}
	return t
}

func ocsfMD5(hash string) *ocsfFingerprint {
	if hash == "" {
		return nil
	}
	return &ocsfFingerprint{1, "MD5", hash}
}

// ocsfAppName returns the program when it is known for sure. Software that a hello
// suggests is under "unmapped", with its confidence.
func ocsfAppName(s *classify.Software) string {
	if s == nil || s.Confidence != classify.High {
		return ""
	}
	return s.Name
}

// observables lists the values that an analyst searches all classes for; prefix is
// the path of the connection in this class.
func (c *ocsfConnection) observables(prefix string) []ocsfObservable {
	all := make([]ocsfObservable, 0, 6)
	add := func(name string, id int, kind, value string) {
		if value != "" {
			all = append(all, ocsfObservable{prefix + name, id, kind, value})
		}
	}
	add("src_endpoint.ip", 2, "IP Address", c.SrcEndpoint.IP)
	add("dst_endpoint.ip", 2, "IP Address", c.DstEndpoint.IP)
	add("dst_endpoint.hostname", 1, "Hostname", c.DstEndpoint.Hostname)
	if p := c.Actor.Process; p != nil {
		add("actor.process.name", 9, "Process Name", p.Name)
		add("actor.process.user.name", 4, "User Name", p.User.Name)
	}
	add("actor.user.name", 4, "User Name", c.Actor.User.Name)
	return all
}
