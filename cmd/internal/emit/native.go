package emit

import (
	"strconv"
	"time"

	"tlsfloor/classify"
	"tlsfloor/parse"
)

// Native is the format of tlsfloor's own events: the schema tlsfloor/1
// (docs/event.schema.json).
//
// An event is printable ASCII. Text off the network (names, protocols) is
// written byte for byte, each byte as the code point of its number; text of
// this machine is UTF-8 in escapes.
//
// What a Native has written of things that findings share it remembers: they
// are not to be changed. It is used by one goroutine.
type Native struct {
	sensor Sensor

	name       quoted
	judgements phrases[judgement]
	endpoints  phrases[*classify.AWS]
	choices    phrases[*classify.ServerHello]
	offers     phrases[*classify.ClientHello]
	answers    phrases[*classify.ServerHello]
	software   phrases[*classify.Software]
	advice     phrases[*classify.Advice]
	sources    phrases[string]
}

// NewNative makes a Native for the events of a sensor.
func NewNative(by Sensor) *Native {
	return &Native{
		sensor: by, judgements: newPhrases[judgement](64), endpoints: newPhrases[*classify.AWS](256),
		choices: newPhrases[*classify.ServerHello](1024), offers: newPhrases[*classify.ClientHello](1024),
		answers: newPhrases[*classify.ServerHello](1024), software: newPhrases[*classify.Software](64),
		advice: newPhrases[*classify.Advice](64), sources: newPhrases[string](16),
	}
}

// AppendStats is the function AppendStats.
func (n *Native) AppendStats(dst []byte, s *Stats) []byte { return AppendStats(dst, s, n.sensor) }

// AppendFinding appends f as an event, without a line end. It allocates nothing
// when dst has room and the phrases are known, but for version numbers and alerts
// that no registry knows.
func (n *Native) AppendFinding(dst []byte, f *classify.Finding) []byte {
	dst = append(dst, `{"schema":"tlsfloor/1","kind":"handshake","protocol":"tls"`...)
	dst = appendTime(dst, `"ts":`, f.Time)
	dst = n.judgements.append(dst, judgementOf(f), appendJudgement)
	dst = appendFlow(dst, &f.Observation)
	dst = n.appendDestination(dst, f)
	dst = n.appendDetails(dst, &f.Observation)
	dst = appendText(dst, `"starttls":`, f.StartTLS)
	dst = n.appendHellos(dst, &f.Observation)
	dst = appendCertificate(dst, f.Certificate)
	dst = appendAlert(dst, f.Alert)
	dst = n.appendFix(dst, f)
	dst = appendTexts(dst, `"anomalies":`, f.Anomalies)
	dst = n.sources.append(dst, f.Source, n.appendSensor)
	return append(dst, '}')
}

// judgement is what was made of a handshake, without what was seen.
type judgement struct {
	flagged, inScope bool
	verdict          classify.Verdict
	outcome          classify.Outcome
	fix              classify.Fix
	reason           string
}

func judgementOf(f *classify.Finding) judgement {
	return judgement{f.Flagged, f.InScope, f.Verdict, f.Outcome, f.Fix, f.Reason}
}

func appendJudgement(dst []byte, j judgement) []byte {
	dst = appendBool(dst, `"flagged":`, j.flagged)
	dst = appendBool(dst, `"in_scope":`, j.inScope)
	dst = appendWord(dst, `"verdict":`, j.verdict.String())
	dst = appendWord(dst, `"outcome":`, j.outcome.String())
	dst = appendWord(dst, `"fix":`, j.fix.String())
	return appendText(dst, `"reason":`, j.reason)
}

func appendFlow(dst []byte, o *classify.Observation) []byte {
	dst = appendAddrPort(dst, `"src_ip":`, `"src_port":`, o.Client)
	dst = appendAddrPort(dst, `"dst_ip":`, `"dst_port":`, o.Server)
	dst = appendCommunityID(dst, `"community_id":`, o.Client, o.Server)
	return appendRestOfFlow(dst, o)
}

func appendVLANs(dst []byte, ids []uint16) []byte {
	if len(ids) == 0 {
		return dst
	}
	dst = append(appendKey(dst, `"vlan":`), '[')
	for i, id := range ids {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = strconv.AppendUint(dst, uint64(id), 10)
	}
	return append(dst, ']')
}

func (n *Native) appendDestination(dst []byte, f *classify.Finding) []byte {
	dst = n.name.append(dst, `"host":`, f.Host)
	return n.endpoints.append(appendHow(dst, f), f.AWS, appendAWS)
}

// appendDestination appends the destination as native events have it.
func appendDestination(dst []byte, f *classify.Finding) []byte {
	return appendAWS(appendHow(appendWire(dst, `"host":`, f.Host), f), f.AWS)
}

// appendHow appends how the destination's name is known.
func appendHow(dst []byte, f *classify.Finding) []byte {
	return appendNames(appendWord(dst, `"host_source":`, f.HostSource.String()), f.Names)
}

// appendNames lists the candidates where there is more than the host to see.
func appendNames(dst []byte, names []classify.Name) []byte {
	if len(names) < 2 {
		return dst
	}
	dst = append(appendKey(dst, `"names":`), '[')
	for i, n := range names {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendWire(append(dst, '{'), `"host":`, n.Host)
		dst = append(appendWord(dst, `"source":`, n.Source.String()), '}')
	}
	return append(dst, ']')
}

func appendAWS(dst []byte, a *classify.AWS) []byte {
	if a == nil {
		return dst
	}
	dst = append(appendKey(dst, `"aws":`), '{')
	dst = appendWire(dst, `"partition":`, a.Partition)
	dst = appendWire(dst, `"region":`, a.Region)
	dst = appendWire(dst, `"service":`, a.Service)
	dst = appendBool(dst, `"fips":`, a.FIPS)
	dst = appendBool(dst, `"dual_stack":`, a.DualStack)
	dst = appendMark(dst, `"vpc_endpoint":`, a.VPCEndpoint)
	return append(appendWire(dst, `"resource":`, a.Resource), '}')
}

// appendDetails writes CloudTrail's own shape, so that queries made for
// CloudTrail work on these events. It names cipher suites as OpenSSL does, and
// those of TLS 1.3, which OpenSSL calls by IANA's names, with these.
func (n *Native) appendDetails(dst []byte, o *classify.Observation) []byte {
	asked := askedFor(o)
	if o.Answer == nil && asked == "" {
		return dst
	}
	dst = append(appendKey(dst, `"tlsDetails":`), '{')
	if o.Answer != nil {
		dst = n.choices.append(dst, o.Answer, appendChoice)
	}
	return append(n.name.append(dst, `"clientProvidedHostHeader":`, asked), '}')
}

func appendChoice(dst []byte, a *classify.ServerHello) []byte {
	dst = appendVersion(dst, `"tlsVersion":`, a.Version)
	return appendWord(dst, `"cipherSuite":`, cloudTrailCipher(a))
}

func cloudTrailCipher(a *classify.ServerHello) string {
	if a.Version == parse.SSLv2 {
		return ""
	}
	iana, openssl, _ := parse.CipherName(a.Cipher)
	if openssl == "" {
		return iana
	}
	return openssl
}

// askedFor is the name the client gave: in SNI, else to a proxy.
func askedFor(o *classify.Observation) string {
	if o.SNI != "" {
		return o.SNI
	}
	for _, n := range o.Names {
		if n.Source == classify.NameConnect {
			return n.Host
		}
	}
	return ""
}

func (n *Native) appendHellos(dst []byte, o *classify.Observation) []byte {
	if o.Hello != nil {
		dst = n.name.append(append(appendKey(dst, `"client":`), '{'), `"sni":`, o.SNI)
		dst = append(n.offers.append(dst, o.Hello, appendClient), '}')
	}
	if o.Answer != nil {
		dst = n.answers.append(dst, o.Answer, appendServer)
	}
	return dst
}

// appendClient appends what the client decides, and not the connection.
func appendClient(dst []byte, c *classify.ClientHello) []byte {
	dst = appendOffer(dst, c)
	dst = appendWord(dst, `"ja3":`, c.JA3)
	dst = appendWord(dst, `"ja3_full":`, c.JA3Full)
	return appendWire(dst, `"ja4":`, c.JA4)
}

// appendOffer appends what the hello offers, but for names and fingerprints.
func appendOffer(dst []byte, c *classify.ClientHello) []byte {
	if c.RecordVersion != 0 {
		dst = appendVersion(dst, `"record_version":`, c.RecordVersion)
	}
	dst = appendVersion(dst, `"legacy_version":`, c.LegacyVersion)
	dst = appendVersion(dst, `"max_version":`, c.MaxVersion())
	dst = appendVersions(dst, c.Versions)
	dst = appendWires(dst, `"alpn":`, c.ALPN)
	dst = appendMark(dst, `"fallback_scsv":`, c.FallbackSCSV)
	dst = appendMark(dst, `"sslv2_format":`, c.SSLv2Format)
	dst = appendMark(dst, `"ech":`, c.ECH)
	return appendMark(dst, `"early_data":`, c.EarlyData)
}

// appendVersions writes an empty list too: an extension of nothing but GREASE.
func appendVersions(dst []byte, versions []parse.Version) []byte {
	if versions == nil {
		return dst
	}
	dst = append(appendKey(dst, `"versions":`), '[')
	for i, v := range versions {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(append(append(dst, '"'), versionText(v)...), '"')
	}
	return append(dst, ']')
}

func appendServer(dst []byte, a *classify.ServerHello) []byte {
	dst = append(appendKey(dst, `"server":`), '{')
	dst = appendVersion(dst, `"version":`, a.Version)
	dst = appendCipher(dst, a)
	dst = appendWire(dst, `"alpn":`, a.ALPN)
	dst = appendWord(dst, `"ja3s":`, a.JA3S)
	dst = appendWord(dst, `"ja3s_full":`, a.JA3SFull)
	if a.Sentinel != 0 {
		dst = appendVersion(dst, `"downgrade_sentinel":`, a.Sentinel)
	}
	dst = appendMark(dst, `"hello_retry_request":`, a.HelloRetryRequest)
	return append(appendWord(dst, `"resumed":`, a.Resumed), '}')
}

// appendCipher leaves out SSLv2, whose server offers ciphers and selects none.
func appendCipher(dst []byte, a *classify.ServerHello) []byte {
	if a.Version == parse.SSLv2 {
		return dst
	}
	iana, _, _ := parse.CipherName(a.Cipher)
	return appendNumber(appendWord(dst, `"cipher":`, iana), `"cipher_id":`, a.Cipher)
}

func appendCertificate(dst []byte, c *classify.Certificate) []byte {
	if c == nil {
		return dst
	}
	return appendObject(dst, `"certificate":`, func(dst []byte) []byte {
		dst = appendWire(dst, `"subject":`, c.Subject)
		dst = appendWire(dst, `"issuer":`, c.Issuer)
		dst = appendWires(dst, `"dns_names":`, c.DNSNames)
		dst = appendSeconds(dst, `"not_before":`, c.NotBefore)
		dst = appendSeconds(dst, `"not_after":`, c.NotAfter)
		return appendWord(dst, `"sha256":`, c.SHA256)
	})
}

// appendSeconds writes a time that is known to the second; 0: it is not known.
func appendSeconds(dst []byte, key string, at int64) []byte {
	if at == 0 {
		return dst
	}
	dst = append(appendKey(dst, key), '"')
	return append(time.Unix(at, 0).UTC().AppendFormat(dst, time.RFC3339), '"')
}

func appendAlert(dst []byte, a *classify.Alert) []byte {
	if a == nil {
		return dst
	}
	dst = append(appendKey(dst, `"alert":`), '{')
	dst = appendWord(dst, `"from":`, a.From.String())
	dst = appendWord(dst, `"level":`, parse.AlertLevel(a.Level).String())
	dst = appendWord(dst, `"description":`, parse.AlertDescription(a.Code).String())
	return append(appendNumber(dst, `"code":`, a.Code), '}')
}

func (n *Native) appendSensor(dst []byte, source string) []byte {
	return appendSensor(dst, n.sensor, source)
}

// appendFix appends who the client is and what to change.
func (n *Native) appendFix(dst []byte, f *classify.Finding) []byte {
	dst = appendProcess(dst, f.Process)
	dst = n.software.append(dst, f.Software, appendSoftware)
	return n.advice.append(dst, f.Advice, appendAdvice)
}

func appendSensor(dst []byte, s Sensor, source string) []byte {
	return appendObject(dst, `"sensor":`, func(dst []byte) []byte {
		dst = appendText(dst, `"host":`, s.Host)
		dst = appendText(dst, `"source":`, source)
		return appendText(dst, `"version":`, s.Version)
	})
}
