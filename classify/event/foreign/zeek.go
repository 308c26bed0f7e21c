package foreign

import (
	"encoding/json"
	"strconv"
	"strings"

	"tlsfloor/classify"
	"tlsfloor/classify/endpoint"
	"tlsfloor/classify/event"
	"tlsfloor/classify/jsontext"
	"tlsfloor/parse"
)

// zeek is Zeek's ssl.log as JSON (https://docs.zeek.org, "ssl.log").
type zeek struct {
	structs *jsontext.Structs
	line    zeekSSL // of the last event, used again
}

// zeekSSL is a line of ssl.log, with the columns that Zeek fills for a TLS 1.3
// handshake.
type zeekSSL struct {
	Path         string      `json:"_path"`
	TS           json.Number `json:"ts"`  // seconds since the Unix epoch, with microseconds
	UID          string      `json:"uid"` // not the one that Zeek gives the connection; community_id is the same
	OrigH        string      `json:"id.orig_h,omitempty"`
	OrigP        *uint16     `json:"id.orig_p,omitempty"`
	RespH        string      `json:"id.resp_h,omitempty"`
	RespP        *uint16     `json:"id.resp_p,omitempty"`
	Version      string      `json:"version,omitempty"`
	Cipher       string      `json:"cipher,omitempty"`
	Curve        string      `json:"curve,omitempty"`
	NextProtocol string      `json:"next_protocol,omitempty"`
	JA3S         string      `json:"ja3s,omitempty"` // of the package ja3
	ServerName   string      `json:"server_name,omitempty"`
	JA3          string      `json:"ja3,omitempty"` // of the package ja3
	JA4          string      `json:"ja4,omitempty"` // of the package ja4
	LastAlert    string      `json:"last_alert,omitempty"`
	Resumed      bool        `json:"resumed"` // Zeek always writes it; false when unknown
	History      string      `json:"ssl_history,omitempty"`
	Established  bool        `json:"established"` // the same
	CommunityID  string      `json:"community_id,omitempty"`

	// The verdict and the rest, for which Zeek has no columns.
	Verdict    string `json:"tlsfloor.verdict"`
	Flagged    bool   `json:"tlsfloor.flagged"`
	InScope    bool   `json:"tlsfloor.in_scope"`
	Outcome    string `json:"tlsfloor.outcome,omitempty"`
	StartTLS   string `json:"tlsfloor.starttls,omitempty"`
	Fix        string `json:"tlsfloor.fix,omitempty"`
	Reason     string `json:"tlsfloor.reason,omitempty"`
	Host       string `json:"tlsfloor.host,omitempty"`
	HostSource string `json:"tlsfloor.host_source,omitempty"`
	Process    string `json:"tlsfloor.process,omitempty"`
	Software   string `json:"tlsfloor.software,omitempty"`
	Advice     string `json:"tlsfloor.advice,omitempty"`

	Anomalies []string `json:"tlsfloor.anomalies,omitempty"`

	zeekCertificate
	zeekException
	zeekSeries
}

// AppendFinding appends a line of ssl.log.
func (z *zeek) AppendFinding(dst []byte, f *classify.Finding) []byte {
	l := &z.line
	*l = zeekSSL{
		Path: "ssl", TS: zeekTime(f.Time), UID: zeekUID(&f.Observation),
		OrigH: addrText(f.Client), OrigP: portOf(f.Client), RespH: addrText(f.Server), RespP: portOf(f.Server),
		Established: f.Outcome == classify.Established, CommunityID: endpoint.CommunityID(&f.Observation),
		History: f.History, Verdict: f.Verdict.String(), Flagged: f.Flagged, InScope: f.InScope, Outcome: f.Outcome.String(), StartTLS: jsontext.LocalText(f.StartTLS), Fix: f.Fix.String(), Reason: jsontext.LocalText(f.Reason),
		Host: jsontext.WireText(f.Host), HostSource: f.HostSource.String(), Anomalies: f.Anomalies,
	}
	if a := f.Answer; a != nil {
		l.Curve = curveOf(&f.Observation)
		l.Version, l.Cipher = zeekVersion(a.Version), zeekCipher(a)
		l.NextProtocol, l.JA3S, l.Resumed = jsontext.WireText(a.ALPN), a.JA3S, a.Resumed != ""
	}
	if c := f.Hello; c != nil {
		l.ServerName, l.JA3, l.JA4 = jsontext.WireText(f.SNI), c.JA3, jsontext.WireText(c.JA4)
	}
	if a := f.Alert; a != nil {
		l.LastAlert = zeekAlert(a)
	}
	if f.Certificate != nil {
		l.zeekCertificate = zeekCertificateOf(&f.Observation)
	}
	if p := f.Process; p != nil {
		l.Process = event.Program(p.Executable, p.CommandLine)
	}
	if s := f.Software; s != nil {
		l.Software = s.ID
	}
	if a := f.Advice; a != nil {
		l.Advice = a.ID
	}
	if f.Exception != nil {
		l.zeekException = zeekExceptionOf(f.Exception)
	}
	if s := f.Series; s != nil {
		l.zeekSeries = zeekSeries{s.Count, zeekTime(s.First), zeekTime(s.Last)}
	}
	return z.structs.Append(dst, l)
}

// AppendStats appends nothing: ssl.log has no counts.
func (*zeek) AppendStats(dst []byte, _ *event.Stats) []byte { return dst }

func zeekVersion(v parse.Version) string {
	switch v {
	case parse.SSLv2, parse.SSLv3:
		return v.String()
	case parse.TLSv1:
		return "TLSv10"
	case parse.TLSv11:
		return "TLSv11"
	case parse.TLSv12:
		return "TLSv12"
	case parse.TLSv13:
		return "TLSv13"
	case parse.DTLSv1:
		return "DTLSv10"
	case parse.DTLSv12:
		return "DTLSv12"
	case parse.DTLSv13:
		return "DTLSv13"
	}
	if v>>8 == 0x7f { // IETF's drafts
		return "TLSv13-draft" + strconv.Itoa(int(v&0xff))
	}
	return zeekUnknown(uint16(v))
}

// zeekCipher returns "" for SSLv2, in which the server offers ciphers and the client
// selects one.
func zeekCipher(a *classify.ServerHello) string {
	if a.Version == parse.SSLv2 {
		return ""
	}
	if name := event.Cipher(a); name != "" {
		return name
	}
	return zeekUnknown(a.Cipher)
}

func zeekAlert(a *classify.Alert) string {
	name := parse.AlertDescription(a.Code).String()
	if number, unnamed := strings.CutPrefix(name, "unknown_"); unnamed && number[0] <= '9' {
		return "unknown-" + number
	}
	return name
}

// zeekUnknown returns Zeek's text for a number without a name.
func zeekUnknown(n uint16) string { return "unknown-" + strconv.Itoa(int(n)) }

// zeekTime converts nanoseconds since the Unix epoch to seconds with microseconds.
func zeekTime(ns int64) json.Number {
	var space [24]byte
	return json.Number(jsontext.AppendUnix(space[:0], ns))
}

// zeekUID returns an identifier in the format of Zeek's for connections: C and 17
// digits.
func zeekUID(o *classify.Observation) string {
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	sum := endpoint.Sum(o)
	uid := [18]byte{'C'}
	for i := range uid[1:] {
		uid[1+i] = digits[int(sum[i])%len(digits)]
	}
	return string(uid[:])
}
