package emit

import (
	"encoding/binary"
	"strconv"

	"tlsfloor/classify"
	"tlsfloor/parse"
)

// EVE is Suricata's JSON log (https://docs.suricata.io, "EVE JSON Output").
// Its schema allows no other members; the judgement is in metadata, where
// Suricata writes what rules noted of a flow.
type EVE struct{ Sensor Sensor }

// AppendFinding appends an event of type "tls". It allocates and escapes as
// Native does.
func (e EVE) AppendFinding(dst []byte, f *classify.Finding) []byte {
	dst = appendEVETime(append(dst, '{'), f.Time)
	dst = appendFlowID(dst, `"flow_id":`, &f.Observation)
	dst = e.appendSource(dst, f.Source)
	dst = append(dst, `,"event_type":"tls"`...)
	dst = appendVLANs(dst, f.VLANs)
	dst = appendAddrPort(dst, `"src_ip":`, `"src_port":`, f.Client)
	dst = appendAddrPort(dst, `"dest_ip":`, `"dest_port":`, f.Server)
	dst = append(dst, `,"proto":"TCP"`...)
	dst = append(dst, ipVersion(f.Client, `,"ip_v":4`, `,"ip_v":6`)...)
	dst = appendCommunityID(dst, `"community_id":`, f.Client, f.Server)
	dst = append(dst, `,"app_proto":"tls"`...)
	dst = appendText(dst, `"host":`, e.Sensor.Host)
	dst = appendEVEMetadata(dst, f)
	return append(appendEVETLS(dst, &f.Observation), '}')
}

// AppendStats appends an event of type "stats".
func (e EVE) AppendStats(dst []byte, s *Stats) []byte {
	dst = appendEVETime(append(dst, '{'), s.Time)
	dst = e.appendSource(dst, s.Source)
	dst = append(dst, `,"event_type":"stats"`...)
	dst = appendText(dst, `"host":`, e.Sensor.Host)
	dst = append(dst, `,"stats":{"capture":{`...)
	dst = appendNumber(dst, `"kernel_packets":`, s.Packets+s.KernelDropped)
	dst = appendNumber(dst, `"kernel_drops":`, s.KernelDropped)
	dst = appendNumber(dst, `"kernel_ifdrops":`, s.InterfaceDropped)
	dst = appendNumber(append(dst, `},"decoder":{`...), `"pkts":`, s.Packets)
	dst = appendNumber(dst, `"bytes":`, s.Bytes)
	dst = appendNumber(append(dst, `},"flow":{`...), `"tcp":`, s.Flows)
	dst = appendNumber(append(dst, `},"app_layer":{"flow":{`...), `"tls":`, s.Handshakes)
	dst = appendNumber(append(dst, `}},"detect":{`...), `"alert":`, s.Flagged)
	return append(dst, "}}}"...)
}

// appendEVETime writes the time with Suricata's form of UTC.
func appendEVETime(dst []byte, ns int64) []byte {
	dst = appendTime(dst, `"timestamp":`, ns)
	return append(dst[:len(dst)-len(`Z"`)], `+0000"`...)
}

// appendFlowID keeps to 51 bits, as Suricata does: a reader that takes numbers
// as doubles changes none of them.
func appendFlowID(dst []byte, key string, o *classify.Observation) []byte {
	sum := flowSum(o)
	return strconv.AppendUint(appendKey(dst, key), binary.BigEndian.Uint64(sum[:])>>13, 10)
}

func (e EVE) appendSource(dst []byte, source string) []byte {
	if e.Sensor.Live {
		return appendText(dst, `"in_iface":`, source)
	}
	return appendText(dst, `"pcap_filename":`, source)
}

func appendEVEMetadata(dst []byte, f *classify.Finding) []byte {
	dst = append(dst, `,"metadata":{"flowbits":["tlsfloor.`...)
	dst = append(append(dst, f.Verdict.String()...), '"')
	if f.InScope {
		dst = append(dst, `,"tlsfloor.in_scope"`...)
	}
	if f.Flagged {
		dst = append(dst, `,"tlsfloor.flagged"`...)
	}
	dst = append(dst, ']')
	dst = appendArray(dst, `"flowvars":`, func(dst []byte) []byte {
		dst = appendFlowVar(dst, "outcome", f.Outcome.String())
		dst = appendFlowVar(dst, "fix", f.Fix.String())
		dst = appendFlowVar(dst, "reason", f.Reason)
		dst = appendFlowVar(dst, "host_source", f.HostSource.String())
		dst = appendClientVars(dst, f)
		return appendHostVar(dst, f.Host)
	})
	return append(dst, '}')
}

// appendClientVars appends who the client is and what to change.
func appendClientVars(dst []byte, f *classify.Finding) []byte {
	if p := f.Process; p != nil {
		dst = appendFlowVar(dst, "process", programOf(p))
	}
	if s := f.Software; s != nil {
		dst = appendFlowVar(dst, "software", s.ID)
	}
	if a := f.Advice; a != nil {
		dst = appendFlowVar(dst, "advice", a.ID)
	}
	return dst
}

func appendFlowVar(dst []byte, name, value string) []byte {
	if value == "" {
		return dst
	}
	dst = append(append(append(appendComma(dst), `{"key":"tlsfloor.`...), name...), '"')
	return append(appendText(dst, `"value":`, value), '}')
}

func appendHostVar(dst []byte, host string) []byte {
	if host == "" {
		return dst
	}
	dst = append(appendComma(dst), `{"key":"tlsfloor.host"`...)
	return append(appendWire(dst, `"value":`, host), '}')
}

func appendEVETLS(dst []byte, o *classify.Observation) []byte {
	dst = append(dst, `,"tls":{`...)
	dst = appendText(dst, `"from_proto":`, eveProtocol(o.StartTLS))
	dst = appendEVEClient(dst, o)
	return append(appendEVEServer(dst, o.Answer), '}')
}

func appendEVEClient(dst []byte, o *classify.Observation) []byte {
	c := o.Hello
	if c == nil {
		return dst
	}
	dst = appendWire(dst, `"sni":`, o.SNI)
	dst = appendEVEPrint(dst, `"ja3":`, c.JA3, c.JA3Full)
	dst = appendWire(dst, `"ja4":`, c.JA4)
	dst = appendWires(dst, `"client_alpns":`, c.ALPN)
	dst = append(appendKey(dst, `"client_handshake":`), '{')
	return append(appendEVEVersion(dst, c.MaxVersion()), '}')
}

func appendEVEServer(dst []byte, a *classify.ServerHello) []byte {
	if a == nil {
		return append(appendKey(dst, `"version":`), `"UNDETERMINED"`...)
	}
	dst = appendEVEVersion(dst, a.Version)
	dst = appendMark(dst, `"session_resumed":`, a.Resumed != "")
	dst = appendEVEPrint(dst, `"ja3s":`, a.JA3S, a.JA3SFull)
	if a.ALPN != "" {
		dst = append(appendBytes(append(appendKey(dst, `"server_alpns":`), '['), a.ALPN), ']')
	}
	dst = append(appendKey(dst, `"server_handshake":`), '{')
	dst = appendEVEVersion(dst, a.Version)
	return append(appendCipherID(dst, `"cipher":`, a), '}')
}

func appendEVEPrint(dst []byte, key, hash, full string) []byte {
	return appendObject(dst, key, func(dst []byte) []byte {
		return appendWord(appendWord(dst, `"hash":`, hash), `"string":`, full)
	})
}

// eveProtocol is the name that Suricata has for a protocol that TLS began in.
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

func appendEVEVersion(dst []byte, v parse.Version) []byte {
	dst = append(appendKey(dst, `"version":`), '"')
	switch {
	case v == parse.TLSv11:
		dst = append(dst, "TLS 1.1"...)
	case v == parse.TLSv12:
		dst = append(dst, "TLS 1.2"...)
	case v == parse.TLSv13:
		dst = append(dst, "TLS 1.3"...)
	case v.IsDraft13():
		dst = appendEVEDraft(dst, v)
	default: // SSLv2, SSLv3 and TLSv1 are the same word; so is a number that no registry knows
		dst = append(dst, v.String()...)
	}
	return append(dst, '"')
}

// appendEVEDraft: 0xfbNN are Facebook's.
func appendEVEDraft(dst []byte, v parse.Version) []byte {
	dst = strconv.AppendUint(append(dst, "TLS 1.3 draft-"...), uint64(v&0xff), 10)
	if v>>8 == 0xfb {
		return append(dst, "-fb"...)
	}
	return dst
}
