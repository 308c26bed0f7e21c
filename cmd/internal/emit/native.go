package emit

import (
	"strconv"
	"time"

	"tlsfloor/classify"
	"tlsfloor/parse"
)

// AppendNative appends f as an event of the schema tlsfloor/1
// (docs/event.schema.json), without a line end. It allocates nothing when dst
// has room, but for version numbers and alerts that no registry knows. It
// keeps no reference to f.
//
// The event is printable ASCII. Text off the network (names, protocols) is
// written byte for byte, each byte as the code point of its number; text of
// this machine is UTF-8 in escapes.
func AppendNative(dst []byte, f *classify.Finding, s Sensor) []byte {
	dst = append(dst, `{"schema":"tlsfloor/1","kind":"handshake","protocol":"tls"`...)
	dst = appendTime(dst, `"ts":`, f.Time)
	dst = appendJudgement(dst, f)
	dst = appendFlow(dst, &f.Observation)
	dst = appendDestination(dst, f)
	dst = appendDetails(dst, &f.Observation)
	dst = appendText(dst, `"starttls":`, f.StartTLS)
	dst = appendClient(dst, f.Hello)
	dst = appendServer(dst, f.Answer)
	dst = appendCertificate(dst, f.Certificate)
	dst = appendAlert(dst, f.Alert)
	dst = appendFix(dst, f)
	dst = appendTexts(dst, `"anomalies":`, f.Anomalies)
	return append(appendSensor(dst, s, f.Source), '}')
}

func appendJudgement(dst []byte, f *classify.Finding) []byte {
	dst = appendBool(dst, `"flagged":`, f.Flagged)
	dst = appendBool(dst, `"in_scope":`, f.InScope)
	dst = appendWord(dst, `"verdict":`, f.Verdict.String())
	dst = appendWord(dst, `"outcome":`, f.Outcome.String())
	dst = appendWord(dst, `"fix":`, f.Fix.String())
	return appendText(dst, `"reason":`, f.Reason)
}

func appendFlow(dst []byte, o *classify.Observation) []byte {
	dst = appendAddrPort(dst, `"src_ip":`, `"src_port":`, o.Client)
	dst = appendAddrPort(dst, `"dst_ip":`, `"dst_port":`, o.Server)
	dst = appendCommunityID(dst, `"community_id":`, o.Client, o.Server)
	dst = appendVLANs(dst, o.VLANs)
	dst = appendTexts(dst, `"tunnels":`, o.Tunnels)
	return appendObject(dst, `"proxied":`, func(dst []byte) []byte {
		dst = appendAddrPort(dst, `"src_ip":`, `"src_port":`, o.Proxied.Client)
		return appendAddrPort(dst, `"dst_ip":`, `"dst_port":`, o.Proxied.Server)
	})
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

func appendDestination(dst []byte, f *classify.Finding) []byte {
	dst = appendWire(dst, `"host":`, f.Host)
	dst = appendWord(dst, `"host_source":`, f.HostSource.String())
	dst = appendNames(dst, f.Names)
	return appendAWS(dst, f.AWS)
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
func appendDetails(dst []byte, o *classify.Observation) []byte {
	return appendObject(dst, `"tlsDetails":`, func(dst []byte) []byte {
		if o.Answer != nil {
			dst = appendVersion(dst, `"tlsVersion":`, o.Answer.Version)
			dst = appendWord(dst, `"cipherSuite":`, cloudTrailCipher(o.Answer))
		}
		return appendWire(dst, `"clientProvidedHostHeader":`, askedFor(o))
	})
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
	if o.Hello != nil && o.Hello.SNI != "" {
		return o.Hello.SNI
	}
	for _, n := range o.Names {
		if n.Source == classify.NameConnect {
			return n.Host
		}
	}
	return ""
}

func appendClient(dst []byte, c *classify.ClientHello) []byte {
	if c == nil {
		return dst
	}
	dst = append(appendKey(dst, `"client":`), '{')
	dst = appendWire(dst, `"sni":`, c.SNI)
	dst = appendOffer(dst, c)
	dst = appendWord(dst, `"ja3":`, c.JA3)
	dst = appendWord(dst, `"ja3_full":`, c.JA3Full)
	return append(appendWire(dst, `"ja4":`, c.JA4), '}')
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
	if a == nil {
		return dst
	}
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

func appendSensor(dst []byte, s Sensor, source string) []byte {
	return appendObject(dst, `"sensor":`, func(dst []byte) []byte {
		dst = appendText(dst, `"host":`, s.Host)
		dst = appendText(dst, `"source":`, source)
		return appendText(dst, `"version":`, s.Version)
	})
}
