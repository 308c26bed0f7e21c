package event

import (
	"bytes"
	"strconv"

	"tlsfloor/classify"
	"tlsfloor/parse"
	"tlsfloor/parse/cache"
	"tlsfloor/parse/cipher"
)

// Native is the format of tlsfloor's own events: the schema tlsfloor/1
// (docs/event.schema.json). It is written by hand, since most runs write every event
// in it: that takes 0.4 microseconds, where the structs of other schemas take 1.6
// (Zeek) to 5 (OCSF).
//
// It remembers the members that hellos become. Findings share their hellos, which
// must not change once a Native has seen them.
type Native struct {
	sensor  Sensor
	offers  cache.Cache[*classify.ClientHello, []byte]
	answers cache.Cache[*classify.ServerHello, answerMembers]
	scratch []byte
}

// answerMembers are what a ServerHello becomes, each an object without its closing
// brace.
type answerMembers struct{ details, server []byte }

const (
	// maxHellos bounds the hellos of each side that are remembered. Without them a
	// usual event takes half as long again.
	maxHellos = 2048
	// maxRemembered bounds what is remembered of one, in bytes: it has some 400.
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
// when dst has room and the hellos are remembered, but for version numbers and
// alerts that no registry knows.
func (n *Native) AppendFinding(dst []byte, f *classify.Finding) []byte {
	dst = append(dst, `{"schema":"`+schema+`","kind":"`+KindHandshake+`","protocol":"tls"`...)
	dst = appendTime(dst, `"ts":`, f.Time)
	dst = appendBool(dst, `"flagged":`, f.Flagged)
	dst = appendBool(dst, `"in_scope":`, f.InScope)
	dst = appendWord(dst, `"verdict":`, f.Verdict.String())
	dst = appendWord(dst, `"outcome":`, f.Outcome.String())
	dst = appendWord(dst, `"fix":`, f.Fix.String())
	dst = appendText(dst, `"reason":`, f.Reason)
	dst = appendAddrPort(dst, `"src_ip":`, `"src_port":`, f.Client)
	dst = appendAddrPort(dst, `"dst_ip":`, `"dst_port":`, f.Server)
	dst = appendCommunity(dst, &f.Observation)
	dst = appendPath(dst, &f.Observation)
	dst = appendDestination(dst, f)
	dst = n.appendHellos(dst, &f.Observation)
	dst = appendCertificate(dst, f.Certificate)
	dst = appendAlert(dst, f.Alert)
	dst = appendProcess(dst, f.Process)
	dst = appendSoftware(dst, f.Software)
	dst = appendAdvice(dst, f.Advice)
	dst = appendTexts(dst, `"anomalies":`, f.Anomalies)
	return append(appendSensor(dst, n.sensor, f.Source), '}')
}

// AppendStats appends s as an event of kind "stats", without a line end.
func (n *Native) AppendStats(dst []byte, s *Stats) []byte {
	dst = append(dst, `{"schema":"`+schema+`","kind":"`+KindStats+`"`...)
	dst = appendTime(dst, `"ts":`, s.Time)
	dst = appendCounts(dst, s)
	dst = appendMark(dst, `"final":`, s.Final)
	return append(appendSensor(dst, n.sensor, s.Source), '}')
}

// appendRest appends, under key, what another schema has no field for, by the names
// that it has in native events.
func appendRest(dst []byte, key string, f *classify.Finding) []byte {
	dst = append(appendKey(dst, key), '{')
	dst = appendWord(dst, `"verdict":`, f.Verdict.String())
	dst = appendBool(dst, `"flagged":`, f.Flagged)
	dst = appendBool(dst, `"in_scope":`, f.InScope)
	dst = appendWord(dst, `"outcome":`, f.Outcome.String())
	dst = appendWord(dst, `"fix":`, f.Fix.String())
	dst = appendPath(dst, &f.Observation)
	dst = appendDestination(dst, f)
	dst = appendText(dst, `"starttls":`, f.StartTLS)
	if c := f.Hello; c != nil {
		dst = appendOffer(append(appendKey(dst, `"client":`), '{'), c)
		dst = append(appendWire(dst, `"ja4":`, c.JA4), '}')
	}
	if a := f.Answer; a != nil {
		dst = appendVersion(append(appendKey(dst, `"server":`), '{'), `"version":`, a.Version)
		dst = append(appendTraits(appendCipherID(dst, a), a), '}')
	}
	dst = appendAlert(dst, f.Alert)
	if p := f.Process; p != nil {
		dst = appendObject(dst, `"process":`, func(dst []byte) []byte {
			return appendSurroundings(appendText(dst, `"unit":`, p.Unit), p)
		})
	}
	dst = appendSoftware(dst, f.Software)
	dst = appendAdvice(dst, f.Advice)
	return append(appendTexts(dst, `"anomalies":`, f.Anomalies), '}')
}

func appendCommunity(dst []byte, o *classify.Observation) []byte {
	start := len(dst)
	dst = append(appendKey(dst, `"community_id":`), '"')
	open := len(dst)
	if dst = appendCommunityID(dst, o.Client, o.Server); len(dst) == open {
		return dst[:start]
	}
	return append(dst, '"')
}

// appendPath appends where the packets were seen, and what a proxy said of them.
func appendPath(dst []byte, o *classify.Observation) []byte {
	dst = appendVLANs(dst, o.VLANs)
	dst = appendTexts(dst, `"tunnels":`, o.Tunnels)
	if o.Return != nil {
		dst = appendPlace(appendKey(dst, `"return_path":`), *o.Return)
	}
	dst = appendList(dst, `"also_seen":`, o.Copies, appendPlace)
	if o.Proxied.Client.IsValid() || o.Proxied.Server.IsValid() {
		dst = append(appendKey(dst, `"proxied":`), '{')
		dst = appendAddrPort(dst, `"src_ip":`, `"src_port":`, o.Proxied.Client)
		dst = append(appendAddrPort(dst, `"dst_ip":`, `"dst_port":`, o.Proxied.Server), '}')
	}
	return dst
}

func appendPlace(dst []byte, p classify.Place) []byte {
	dst = appendText(append(dst, '{'), `"source":`, p.Source)
	return append(appendTexts(appendVLANs(dst, p.VLANs), `"tunnels":`, p.Tunnels), '}')
}

func appendVLANs(dst []byte, ids []uint16) []byte {
	return appendList(dst, `"vlan":`, ids, func(dst []byte, id uint16) []byte { return strconv.AppendUint(dst, uint64(id), 10) })
}

// appendDestination lists the candidates for the name only where there are several:
// a single one is the host.
func appendDestination(dst []byte, f *classify.Finding) []byte {
	dst = appendWire(dst, `"host":`, f.Host)
	dst = appendWord(dst, `"host_source":`, f.HostSource.String())
	if len(f.Names) > 1 {
		dst = appendList(dst, `"names":`, f.Names, appendName)
	}
	if a := f.AWS; a != nil {
		dst = appendWire(append(appendKey(dst, `"aws":`), '{'), `"partition":`, a.Partition)
		dst = appendWire(dst, `"region":`, a.Region)
		dst = appendWire(dst, `"service":`, a.Service)
		dst = appendBool(dst, `"fips":`, a.FIPS)
		dst = appendBool(dst, `"dual_stack":`, a.DualStack)
		dst = appendMark(dst, `"vpc_endpoint":`, a.VPCEndpoint)
		dst = append(appendWire(dst, `"resource":`, a.Resource), '}')
	}
	return dst
}

func appendName(dst []byte, n classify.Name) []byte {
	dst = appendWire(append(dst, '{'), `"host":`, n.Host)
	return append(appendWord(dst, `"source":`, n.Source.String()), '}')
}

// appendHellos appends tlsDetails, starttls, client and server. tlsDetails has
// CloudTrail's own shape, so that queries made for CloudTrail work on these events.
func (n *Native) appendHellos(dst []byte, o *classify.Observation) []byte {
	var answer answerMembers
	if o.Answer != nil {
		answer = n.answer(o.Answer)
	}
	if asked := askedFor(o); o.Answer != nil || asked != "" {
		dst = appendMembers(append(appendKey(dst, `"tlsDetails":`), '{'), answer.details)
		dst = append(appendWire(dst, `"clientProvidedHostHeader":`, asked), '}')
	}
	dst = appendText(dst, `"starttls":`, o.StartTLS)
	if o.Hello != nil {
		dst = appendWire(append(appendKey(dst, `"client":`), '{'), `"sni":`, o.SNI)
		dst = append(appendMembers(dst, n.offer(o.Hello)), '}')
	}
	if o.Answer != nil {
		dst = append(appendMembers(append(appendKey(dst, `"server":`), '{'), answer.server), '}')
	}
	return dst
}

// appendMembers appends the members of an object that has no closing brace; nil has
// none.
func appendMembers(dst, object []byte) []byte {
	if len(object) < len(`{"`) {
		return dst
	}
	return append(appendKey(dst, ""), object[1:]...)
}

// askedFor is the name that the client gave: in SNI, else to a proxy.
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

// offer returns what c becomes. It is good until the next call.
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

// answer returns what a becomes.
func (n *Native) answer(a *classify.ServerHello) answerMembers {
	if m, ok := n.answers.Get(a); ok {
		return m
	}
	var m answerMembers
	m.details = appendVersion([]byte{'{'}, `"tlsVersion":`, a.Version)
	m.details = appendWord(m.details, `"cipherSuite":`, cloudTrailCipher(a))
	m.server = appendServer([]byte{'{'}, a)
	if len(m.details)+len(m.server) <= maxRemembered {
		n.answers.Put(a, m)
	}
	return m
}

// cloudTrailCipher names the cipher suite as OpenSSL does, and those of TLS 1.3,
// which OpenSSL calls by IANA's names, with these.
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

// appendClient appends what the client decides, and not the connection.
func appendClient(dst []byte, c *classify.ClientHello) []byte {
	dst = appendOffer(dst, c)
	dst = appendWord(dst, `"ja3":`, c.JA3)
	dst = appendWord(dst, `"ja3_full":`, c.JA3Full)
	return appendWire(dst, `"ja4":`, c.JA4)
}

// appendOffer appends what the hello offers, but for names and fingerprints. It
// writes an empty list of versions, too: an extension of nothing but GREASE.
func appendOffer(dst []byte, c *classify.ClientHello) []byte {
	if c.RecordVersion != 0 {
		dst = appendVersion(dst, `"record_version":`, c.RecordVersion)
	}
	dst = appendVersion(dst, `"legacy_version":`, c.LegacyVersion)
	if c.ShowsVersions() {
		dst = appendVersion(dst, `"max_version":`, c.MaxVersion())
	}
	if c.Versions != nil && len(c.Versions) == 0 {
		dst = append(appendKey(dst, `"versions":`), "[]"...)
	}
	dst = appendList(dst, `"versions":`, c.Versions, func(dst []byte, v parse.Version) []byte { return appendQuoted(dst, v.String()) })
	dst = appendWires(dst, `"alpn":`, c.ALPN)
	dst = appendMark(dst, `"fallback_scsv":`, c.FallbackSCSV)
	dst = appendMark(dst, `"sslv2_format":`, c.SSLv2Format)
	dst = appendMark(dst, `"ech":`, c.ECH)
	return appendMark(dst, `"early_data":`, c.EarlyData)
}

func appendServer(dst []byte, a *classify.ServerHello) []byte {
	dst = appendVersion(dst, `"version":`, a.Version)
	dst = appendCipherID(appendWord(dst, `"cipher":`, ianaCipher(a)), a)
	dst = appendWire(dst, `"alpn":`, a.ALPN)
	dst = appendWord(dst, `"ja3s":`, a.JA3S)
	dst = appendWord(dst, `"ja3s_full":`, a.JA3SFull)
	return appendTraits(dst, a)
}

func appendCipherID(dst []byte, a *classify.ServerHello) []byte {
	if id := cipherID(a); id != nil {
		return appendNumber(dst, `"cipher_id":`, *id)
	}
	return dst
}

// appendTraits appends what else the ServerHello shows.
func appendTraits(dst []byte, a *classify.ServerHello) []byte {
	if a.Sentinel != 0 {
		dst = appendVersion(dst, `"downgrade_sentinel":`, a.Sentinel)
	}
	dst = appendMark(dst, `"hello_retry_request":`, a.HelloRetryRequest)
	return appendWord(dst, `"resumed":`, a.Resumed)
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

func appendAlert(dst []byte, a *classify.Alert) []byte {
	if a == nil {
		return dst
	}
	dst = appendWord(append(appendKey(dst, `"alert":`), '{'), `"from":`, a.From.String())
	dst = appendWord(dst, `"level":`, parse.AlertLevel(a.Level).String())
	dst = appendWord(dst, `"description":`, parse.AlertDescription(a.Code).String())
	return append(appendNumber(dst, `"code":`, a.Code), '}')
}

// appendProcess appends the process. Its texts are the choice of the user who
// started it.
func appendProcess(dst []byte, p *classify.Process) []byte {
	if p == nil {
		return dst
	}
	dst = appendNumber(append(appendKey(dst, `"process":`), '{'), `"pid":`, uint64(p.PID))
	dst = appendText(dst, `"executable":`, p.Executable)
	dst = appendTexts(dst, `"command_line":`, fitting(p.CommandLine, maxCommandLine))
	dst = appendText(dst, `"user":`, p.User)
	dst = appendText(dst, `"unit":`, p.Unit)
	dst = appendText(dst, `"container":`, p.Container)
	return append(appendSurroundings(dst, p), '}')
}

// appendSurroundings appends what no other schema has a field for. (OCSF's
// loaded_modules are all that are loaded.)
func appendSurroundings(dst []byte, p *classify.Process) []byte {
	dst = appendText(dst, `"cgroup":`, p.Cgroup)
	dst = appendTexts(dst, `"libraries":`, fitting(p.Libraries, maxLibraries))
	dst = appendText(dst, `"go_version":`, p.GoVersion)
	return appendTexts(dst, `"go_modules":`, fitting(p.GoModules, maxModules))
}

func appendSoftware(dst []byte, s *classify.Software) []byte {
	if s == nil {
		return dst
	}
	dst = appendWord(append(appendKey(dst, `"software":`), '{'), `"id":`, s.ID)
	dst = appendText(dst, `"name":`, s.Name)
	dst = appendText(dst, `"version":`, s.Version)
	dst = appendText(dst, `"library":`, s.Library)
	dst = appendWord(dst, `"confidence":`, s.Confidence.String())
	return append(appendTexts(dst, `"because":`, s.Because), '}')
}

func appendAdvice(dst []byte, a *classify.Advice) []byte {
	if a == nil {
		return dst
	}
	dst = appendWord(append(appendKey(dst, `"advice":`), '{'), `"id":`, a.ID)
	return append(appendText(dst, `"summary":`, a.Summary), '}')
}

func appendSensor(dst []byte, s Sensor, source string) []byte {
	return appendObject(dst, `"sensor":`, func(dst []byte) []byte {
		dst = appendText(dst, `"host":`, s.Host)
		dst = appendText(dst, `"source":`, source)
		return appendText(dst, `"version":`, s.Version)
	})
}
