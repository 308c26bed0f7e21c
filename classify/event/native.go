package event

import (
	"bytes"
	"cmp"
	"strconv"

	"tlsfloor/classify"
	"tlsfloor/classify/endpoint"
	"tlsfloor/classify/jsontext"
	"tlsfloor/parse"
	"tlsfloor/parse/cache"
	"tlsfloor/parse/cipher"
)

// Native is the format of tlsfloor's own events: the schema tlsfloor/1
// (docs/event.schema.json). Most runs write every event in it, so that it does not use
// encoding/json: an event takes 0.4 microseconds, where those of other schemas take
// 1.6 (Zeek) to 5 (OCSF).
//
// It remembers the JSON of hellos. Findings share their hellos, which must not change
// after a Native has seen them.
type Native struct {
	sensor  Sensor
	offers  cache.Cache[*classify.ClientHello, []byte]
	answers cache.Cache[*classify.ServerHello, answerMembers]
	scratch []byte
}

// answerMembers are the members about a ServerHello, each an object without its
// closing brace.
type answerMembers struct{ details, server []byte }

const (
	// maxHellos bounds the hellos of each side that are remembered. Without them an
	// average event takes half as long again.
	maxHellos = 2048
	// maxRemembered bounds the JSON that is remembered of a hello, in bytes. On
	// average it has 400.
	maxRemembered = 1 << 10
)

// NewNative makes a Native for the events of a sensor.
func NewNative(by Sensor) *Native {
	return &Native{
		sensor: by,
		offers: cache.New[*classify.ClientHello, []byte](maxHellos), answers: cache.New[*classify.ServerHello, answerMembers](maxHellos),
	}
}

// AppendFinding appends f as an event, without a line end. It allocates nothing
// when dst has room and the hellos are remembered, except for unknown version numbers
// and alerts.
func (n *Native) AppendFinding(dst []byte, f *classify.Finding) []byte {
	dst = append(dst, `{"schema":"`+schema+`","kind":"`+KindHandshake+`"`...)
	dst = jsontext.AppendWord(dst, `"protocol":`, f.Protocol.String())
	dst = jsontext.AppendTime(dst, `"ts":`, f.Time)
	dst = jsontext.AppendBool(dst, `"flagged":`, f.Flagged)
	dst = jsontext.AppendBool(dst, `"in_scope":`, f.InScope)
	dst = jsontext.AppendWord(dst, `"verdict":`, f.Verdict.String())
	dst = jsontext.AppendWord(dst, `"outcome":`, f.Outcome.String())
	dst = jsontext.AppendWord(dst, `"fix":`, f.Fix.String())
	dst = jsontext.AppendText(dst, `"reason":`, f.Reason)
	dst = appendSeries(appendException(dst, f.Exception), f.Series)
	dst = jsontext.AppendAddrPort(dst, `"src_ip":`, `"src_port":`, f.Client)
	dst = jsontext.AppendAddrPort(dst, `"dst_ip":`, `"dst_port":`, f.Server)
	dst = appendCommunity(dst, &f.Observation)
	dst = appendPath(dst, &f.Observation)
	dst = appendDestination(dst, f)
	dst = appendCarrier(dst, &f.Observation)
	dst = n.appendHellos(dst, &f.Observation)
	dst = appendCertificate(dst, f.Certificate)
	dst = appendAlert(dst, f.Alert)
	dst = jsontext.AppendText(dst, `"history":`, f.History)
	dst = appendProcess(dst, f.Process)
	dst = appendSoftware(dst, f.Software)
	dst = appendAdvice(dst, f.Advice)
	dst = jsontext.AppendTexts(dst, `"anomalies":`, f.Anomalies)
	return append(appendSensor(dst, cmp.Or(f.Sensor, &n.sensor), f.Source), '}')
}

// AppendStats appends s as an event of kind "stats", without a line end.
func (n *Native) AppendStats(dst []byte, s *Stats) []byte {
	dst = append(dst, `{"schema":"`+schema+`","kind":"`+KindStats+`"`...)
	dst = jsontext.AppendTime(dst, `"ts":`, s.Time)
	dst = AppendCounts(dst, s)
	dst = jsontext.AppendMark(dst, `"final":`, s.Final)
	return append(appendSensor(dst, cmp.Or(s.Sensor, &n.sensor), s.Source), '}')
}

// AppendRest appends the members of native events that another schema has no fields for,
// and the end of the object that they are in. process appends those of a process, except
// for its surroundings.
func AppendRest(dst []byte, f *classify.Finding, process func([]byte, *classify.Process) []byte) []byte {
	dst = jsontext.AppendWord(dst, `"verdict":`, f.Verdict.String())
	dst = jsontext.AppendBool(dst, `"flagged":`, f.Flagged)
	dst = jsontext.AppendBool(dst, `"in_scope":`, f.InScope)
	dst = jsontext.AppendWord(dst, `"outcome":`, f.Outcome.String())
	dst = jsontext.AppendWord(dst, `"fix":`, f.Fix.String())
	dst = appendException(dst, f.Exception)
	dst = appendPath(dst, &f.Observation)
	dst = appendDestination(dst, f)
	dst = appendCarrier(dst, &f.Observation)
	dst = jsontext.AppendText(dst, `"starttls":`, f.StartTLS)
	if c := f.Hello; c != nil {
		dst = appendOffer(append(jsontext.AppendKey(dst, `"client":`), '{'), c)
		dst = append(jsontext.AppendWire(dst, `"ja4":`, c.JA4), '}')
	}
	if a := f.Answer; a != nil {
		dst = appendVersion(append(jsontext.AppendKey(dst, `"server":`), '{'), `"version":`, a.Version)
		dst = append(appendGroup(appendTraits(appendCipherID(dst, a), a), &f.Observation), '}')
	}
	dst = appendAlert(dst, f.Alert)
	dst = jsontext.AppendText(dst, `"history":`, f.History)
	if p := f.Process; p != nil {
		dst = jsontext.AppendObject(dst, `"process":`, func(dst []byte) []byte {
			dst = process(jsontext.AppendText(dst, `"unit":`, p.Unit), p)
			return appendSurroundings(jsontext.AppendText(dst, `"script":`, p.Script), p)
		})
	}
	dst = appendSoftware(dst, f.Software)
	dst = appendAdvice(dst, f.Advice)
	return append(jsontext.AppendTexts(dst, `"anomalies":`, f.Anomalies), '}')
}

func appendCommunity(dst []byte, o *classify.Observation) []byte {
	start := len(dst)
	dst = append(jsontext.AppendKey(dst, `"community_id":`), '"')
	open := len(dst)
	if dst = endpoint.AppendCommunityID(dst, o); len(dst) == open {
		return dst[:start]
	}
	return append(dst, '"')
}

// appendPath appends where the packets were seen, and the addresses that a proxy gave.
func appendPath(dst []byte, o *classify.Observation) []byte {
	dst = appendVLANs(dst, o.VLANs)
	dst = jsontext.AppendTexts(dst, `"tunnels":`, o.Tunnels)
	if o.Return != nil {
		dst = appendPlace(jsontext.AppendKey(dst, `"return_path":`), *o.Return)
	}
	dst = jsontext.AppendList(dst, `"also_seen":`, o.Copies, appendPlace)
	if o.Proxied.Client.IsValid() || o.Proxied.Server.IsValid() {
		dst = append(jsontext.AppendKey(dst, `"proxied":`), '{')
		dst = jsontext.AppendAddrPort(dst, `"src_ip":`, `"src_port":`, o.Proxied.Client)
		dst = append(jsontext.AppendAddrPort(dst, `"dst_ip":`, `"dst_port":`, o.Proxied.Server), '}')
	}
	return dst
}

func appendPlace(dst []byte, p classify.Place) []byte {
	dst = jsontext.AppendText(append(dst, '{'), `"source":`, p.Source)
	return append(jsontext.AppendTexts(appendVLANs(dst, p.VLANs), `"tunnels":`, p.Tunnels), '}')
}

func appendVLANs(dst []byte, ids []uint16) []byte {
	return jsontext.AppendList(dst, `"vlan":`, ids, func(dst []byte, id uint16) []byte { return strconv.AppendUint(dst, uint64(id), 10) })
}

// appendCarrier appends what the datagrams of DTLS or QUIC show besides the handshake.
func appendCarrier(dst []byte, o *classify.Observation) []byte {
	switch {
	case o.Protocol == parse.QUIC:
		dst = jsontext.AppendWord(append(jsontext.AppendKey(dst, `"quic":`), '{'), `"version":`, o.QUIC.Version.String())
		dst = jsontext.AppendMark(dst, `"retry":`, o.QUIC.Retry)
		return append(jsontext.AppendMark(dst, `"version_negotiation":`, o.QUIC.Negotiated), '}')
	case o.HelloVerify:
		return append(jsontext.AppendMark(append(jsontext.AppendKey(dst, `"dtls":`), '{'), `"hello_verify":`, true), '}')
	}
	return dst
}

// appendDestination appends the host and what it says about AWS. It appends the
// candidates for the name unless the host is the only one.
func appendDestination(dst []byte, f *classify.Finding) []byte {
	dst = jsontext.AppendWire(dst, `"host":`, f.Host)
	dst = jsontext.AppendWord(dst, `"host_source":`, f.HostSource.String())
	if len(f.Names) > 1 || len(f.Names) == 1 && f.Names[0] != (classify.Name{Host: f.Host, Source: f.HostSource}) {
		dst = jsontext.AppendList(dst, `"names":`, f.Names, appendName)
	}
	if a := f.AWS; a != nil {
		dst = jsontext.AppendWire(append(jsontext.AppendKey(dst, `"aws":`), '{'), `"partition":`, a.Partition)
		dst = jsontext.AppendWire(dst, `"region":`, a.Region)
		dst = jsontext.AppendWire(dst, `"service":`, a.Service)
		dst = jsontext.AppendBool(dst, `"fips":`, a.FIPS)
		dst = jsontext.AppendBool(dst, `"dual_stack":`, a.DualStack)
		dst = jsontext.AppendMark(dst, `"vpc_endpoint":`, a.VPCEndpoint)
		dst = append(jsontext.AppendWire(dst, `"resource":`, a.Resource), '}')
	}
	return dst
}

func appendName(dst []byte, n classify.Name) []byte {
	dst = jsontext.AppendWire(append(dst, '{'), `"host":`, n.Host)
	return append(jsontext.AppendWord(dst, `"source":`, n.Source.String()), '}')
}

// appendHellos appends tlsDetails, starttls, client and server. tlsDetails has
// CloudTrail's own shape, so that queries made for CloudTrail work on these events.
func (n *Native) appendHellos(dst []byte, o *classify.Observation) []byte {
	var answer answerMembers
	if o.Answer != nil {
		answer = n.answer(o.Answer)
	}
	if asked := askedFor(o); o.Answer != nil || asked != "" {
		dst = appendMembers(append(jsontext.AppendKey(dst, `"tlsDetails":`), '{'), answer.details)
		dst = append(jsontext.AppendWire(dst, `"clientProvidedHostHeader":`, asked), '}')
	}
	dst = jsontext.AppendText(dst, `"starttls":`, o.StartTLS)
	if o.Hello != nil {
		dst = jsontext.AppendWire(append(jsontext.AppendKey(dst, `"client":`), '{'), `"sni":`, o.SNI)
		dst = append(appendMembers(dst, n.offer(o.Hello)), '}')
	}
	if o.Answer != nil {
		dst = appendMembers(append(jsontext.AppendKey(dst, `"server":`), '{'), answer.server)
		dst = append(appendGroup(dst, o), '}')
	}
	return dst
}

// appendMembers appends the members of an object without closing brace; nil has none.
func appendMembers(dst, object []byte) []byte {
	if len(object) < len(`{"`) {
		return dst
	}
	return append(jsontext.AppendKey(dst, ""), object[1:]...)
}

// askedFor returns the name that the client gave: in SNI, else to a proxy.
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

// offer returns the members about c. They are valid until the next call.
func (n *Native) offer(c *classify.ClientHello) []byte {
	if text, ok := n.offers.Get(c); ok {
		return text
	}
	n.scratch = appendClient(append(n.scratch[:0], '{'), c)
	if len(n.scratch) <= maxRemembered {
		n.offers.Put(c, bytes.Clone(n.scratch))
	}
	return n.scratch
}

// answer returns the members about a.
func (n *Native) answer(a *classify.ServerHello) answerMembers {
	if m, ok := n.answers.Get(a); ok {
		return m
	}
	var m answerMembers
	m.details = appendVersion([]byte{'{'}, `"tlsVersion":`, a.Version)
	m.details = jsontext.AppendWord(m.details, `"cipherSuite":`, cloudTrailCipher(a))
	m.server = appendServer([]byte{'{'}, a)
	if len(m.details)+len(m.server) <= maxRemembered {
		n.answers.Put(a, m)
	}
	return m
}

// cloudTrailCipher returns OpenSSL's name of the cipher suite, or IANA's when OpenSSL
// has none. For TLS 1.3 both are the same.
func cloudTrailCipher(a *classify.ServerHello) string {
	if a.Version == parse.SSLv2 {
		return ""
	}
	iana, openssl := cipher.Name(a.Cipher)
	if openssl == "" {
		return iana
	}
	return openssl
}

// Cipher returns IANA's name of the selected cipher suite. It is empty where the
// registry has no name, and for SSLv2, in which the server offers ciphers and the
// client selects one.
func Cipher(a *classify.ServerHello) string {
	if a.Version == parse.SSLv2 {
		return ""
	}
	iana, _ := cipher.Name(a.Cipher)
	return iana
}

// CipherID returns the number of the selected cipher suite; nil for SSLv2.
func CipherID(a *classify.ServerHello) *uint16 {
	if a.Version == parse.SSLv2 {
		return nil
	}
	return &a.Cipher
}

// appendClient appends the members that are the same in all connections of a client.
func appendClient(dst []byte, c *classify.ClientHello) []byte {
	dst = appendOffer(dst, c)
	dst = jsontext.AppendWord(dst, `"ja3":`, c.JA3)
	dst = jsontext.AppendWord(dst, `"ja3_full":`, c.JA3Full)
	return jsontext.AppendWire(dst, `"ja4":`, c.JA4)
}

// appendOffer appends what the hello offers, without names and fingerprints. The list
// of versions may be empty: the extension has nothing but GREASE then.
func appendOffer(dst []byte, c *classify.ClientHello) []byte {
	if c.RecordVersion != 0 {
		dst = appendVersion(dst, `"record_version":`, c.RecordVersion)
	}
	dst = appendVersion(dst, `"legacy_version":`, c.LegacyVersion)
	if c.ShowsVersions() {
		dst = appendVersion(dst, `"max_version":`, c.MaxVersion())
	}
	if c.Versions != nil && len(c.Versions) == 0 {
		dst = append(jsontext.AppendKey(dst, `"versions":`), "[]"...)
	}
	dst = jsontext.AppendList(dst, `"versions":`, c.Versions, func(dst []byte, v parse.Version) []byte { return jsontext.AppendQuoted(dst, v.String()) })
	dst = jsontext.AppendWires(dst, `"alpn":`, c.ALPN)
	dst = jsontext.AppendMark(dst, `"fallback_scsv":`, c.FallbackSCSV)
	dst = jsontext.AppendMark(dst, `"sslv2_format":`, c.SSLv2Format)
	dst = jsontext.AppendMark(dst, `"ech":`, c.ECH)
	return jsontext.AppendMark(dst, `"early_data":`, c.EarlyData)
}

func appendServer(dst []byte, a *classify.ServerHello) []byte {
	dst = appendVersion(dst, `"version":`, a.Version)
	dst = appendCipherID(jsontext.AppendWord(dst, `"cipher":`, Cipher(a)), a)
	dst = jsontext.AppendWire(dst, `"alpn":`, a.ALPN)
	dst = jsontext.AppendWord(dst, `"ja3s":`, a.JA3S)
	dst = jsontext.AppendWord(dst, `"ja3s_full":`, a.JA3SFull)
	return appendTraits(dst, a)
}

func appendCipherID(dst []byte, a *classify.ServerHello) []byte {
	if id := CipherID(a); id != nil {
		return jsontext.AppendNumber(dst, `"cipher_id":`, *id)
	}
	return dst
}

// appendTraits appends the other members about a ServerHello.
func appendTraits(dst []byte, a *classify.ServerHello) []byte {
	if a.Sentinel != 0 {
		dst = appendVersion(dst, `"downgrade_sentinel":`, a.Sentinel)
	}
	dst = jsontext.AppendMark(dst, `"hello_retry_request":`, a.HelloRetryRequest)
	return jsontext.AppendWord(dst, `"resumed":`, a.Resumed)
}

// appendGroup appends the group that the server selected.
func appendGroup(dst []byte, o *classify.Observation) []byte {
	if o.Group == 0 {
		return dst
	}
	return jsontext.AppendWord(dst, `"group":`, o.Group.String())
}

func appendCertificate(dst []byte, c *classify.Certificate) []byte {
	if c == nil {
		return dst
	}
	return jsontext.AppendObject(dst, `"certificate":`, func(dst []byte) []byte {
		dst = jsontext.AppendWire(dst, `"subject":`, c.Subject)
		dst = jsontext.AppendWire(dst, `"issuer":`, c.Issuer)
		dst = jsontext.AppendWires(dst, `"dns_names":`, c.DNSNames)
		dst = jsontext.AppendSeconds(dst, `"not_before":`, c.NotBefore)
		dst = jsontext.AppendSeconds(dst, `"not_after":`, c.NotAfter)
		dst = jsontext.AppendWord(dst, `"serial":`, c.Serial)
		dst = jsontext.AppendWord(dst, `"sha256":`, c.SHA256)
		return jsontext.AppendWord(dst, `"sha1":`, c.SHA1)
	})
}

func appendAlert(dst []byte, a *classify.Alert) []byte {
	if a == nil {
		return dst
	}
	dst = jsontext.AppendWord(append(jsontext.AppendKey(dst, `"alert":`), '{'), `"from":`, a.From.String())
	dst = jsontext.AppendWord(dst, `"level":`, parse.AlertLevel(a.Level).String())
	dst = jsontext.AppendWord(dst, `"description":`, parse.AlertDescription(a.Code).String())
	dst = jsontext.AppendNumber(dst, `"code":`, a.Code)
	if a.Record != 0 {
		dst = appendVersion(dst, `"record_version":`, a.Record)
	}
	return append(dst, '}')
}

func appendSoftware(dst []byte, s *classify.Software) []byte {
	if s == nil {
		return dst
	}
	dst = jsontext.AppendWord(append(jsontext.AppendKey(dst, `"software":`), '{'), `"id":`, s.ID)
	dst = jsontext.AppendText(dst, `"name":`, s.Name)
	dst = jsontext.AppendText(dst, `"version":`, s.Version)
	dst = jsontext.AppendText(dst, `"library":`, s.Library)
	dst = jsontext.AppendWord(dst, `"confidence":`, s.Confidence.String())
	return append(jsontext.AppendTexts(dst, `"because":`, s.Because), '}')
}

func appendAdvice(dst []byte, a *classify.Advice) []byte {
	if a == nil {
		return dst
	}
	dst = jsontext.AppendWord(append(jsontext.AppendKey(dst, `"advice":`), '{'), `"id":`, a.ID)
	return append(jsontext.AppendText(dst, `"summary":`, a.Summary), '}')
}

func appendVersion(dst []byte, key string, v parse.Version) []byte {
	return jsontext.AppendWord(dst, key, v.String())
}

func appendSensor(dst []byte, s *Sensor, source string) []byte {
	return jsontext.AppendObject(dst, `"sensor":`, func(dst []byte) []byte {
		dst = jsontext.AppendText(dst, `"host":`, s.Host)
		dst = jsontext.AppendText(dst, `"source":`, source)
		dst = jsontext.AppendText(dst, `"version":`, s.Version)
		return jsontext.AppendMark(dst, `"live":`, s.Live)
	})
}
