package emit

import (
	"strconv"
	"strings"

	"tlsfloor/classify"
	"tlsfloor/parse"
)

// Zeek is Zeek's ssl.log as JSON (https://docs.zeek.org, "ssl.log"), with the
// columns ja3, ja3s, ja4 and community_id, which packages of that name add, and
// the judgement under "tlsfloor.". Its uid is not that of a Zeek that watches
// the same network; community_id is.
type Zeek struct{}

// AppendFinding appends a line of ssl.log. It allocates and escapes as
// Native does.
func (Zeek) AppendFinding(dst []byte, f *classify.Finding) []byte {
	dst = appendEpoch(append(dst, '{'), `"ts":`, f.Time)
	dst = appendUID(dst, `"uid":`, &f.Observation)
	dst = appendAddrPort(dst, `"id.orig_h":`, `"id.orig_p":`, f.Client)
	dst = appendAddrPort(dst, `"id.resp_h":`, `"id.resp_p":`, f.Server)
	dst = appendZeekAnswer(dst, f.Answer)
	dst = appendZeekHello(dst, &f.Observation)
	dst = appendZeekAlert(dst, f.Alert)
	dst = appendBool(dst, `"resumed":`, f.Answer != nil && f.Answer.Resumed != "")
	dst = appendBool(dst, `"established":`, f.Outcome == classify.Established)
	dst = appendCommunityID(dst, `"community_id":`, f.Client, f.Server)
	return append(appendZeekJudgement(dst, f), '}')
}

// AppendStats appends nothing: counts are another log's.
func (Zeek) AppendStats(dst []byte, _ *Stats) []byte { return dst }

func appendZeekAnswer(dst []byte, a *classify.ServerHello) []byte {
	if a == nil {
		return dst
	}
	dst = appendZeekVersion(dst, a.Version)
	if a.Version != parse.SSLv2 {
		dst = appendZeekCipher(dst, a)
	}
	dst = appendWire(dst, `"next_protocol":`, a.ALPN)
	return appendWord(dst, `"ja3s":`, a.JA3S)
}

func appendZeekHello(dst []byte, o *classify.Observation) []byte {
	c := o.Hello
	if c == nil {
		return dst
	}
	dst = appendWire(dst, `"server_name":`, o.SNI)
	dst = appendWord(dst, `"ja3":`, c.JA3)
	return appendWire(dst, `"ja4":`, c.JA4)
}

func appendZeekVersion(dst []byte, v parse.Version) []byte {
	dst = append(appendKey(dst, `"version":`), '"')
	if name, ok := zeekVersions[v]; ok {
		dst = append(dst, name...)
	} else if v>>8 == 0x7f {
		dst = strconv.AppendUint(append(dst, "TLSv13-draft"...), uint64(v&0xff), 10)
	} else {
		dst = appendUnknown(dst, uint16(v))
	}
	return append(dst, '"')
}

var zeekVersions = map[parse.Version]string{
	parse.SSLv2: "SSLv2", parse.SSLv3: "SSLv3",
	parse.TLSv1: "TLSv10", parse.TLSv11: "TLSv11", parse.TLSv12: "TLSv12", parse.TLSv13: "TLSv13",
	parse.DTLSv1: "DTLSv10", parse.DTLSv12: "DTLSv12", parse.DTLSv13: "DTLSv13",
}

func appendZeekCipher(dst []byte, a *classify.ServerHello) []byte {
	dst = append(appendKey(dst, `"cipher":`), '"')
	if name := ianaCipher(a); name != "" {
		return append(append(dst, name...), '"')
	}
	return append(appendUnknown(dst, a.Cipher), '"')
}

func appendZeekAlert(dst []byte, a *classify.Alert) []byte {
	if a == nil {
		return dst
	}
	dst = append(appendKey(dst, `"last_alert":`), '"')
	name := parse.AlertDescription(a.Code).String()
	if number, unnamed := strings.CutPrefix(name, "unknown_"); unnamed && number[0] <= '9' {
		dst, name = append(dst, "unknown-"...), number
	}
	return append(append(dst, name...), '"')
}

// appendUnknown writes a number that has no name as Zeek does.
func appendUnknown(dst []byte, n uint16) []byte {
	return strconv.AppendUint(append(dst, "unknown-"...), uint64(n), 10)
}

func appendZeekJudgement(dst []byte, f *classify.Finding) []byte {
	dst = appendWord(dst, `"tlsfloor.verdict":`, f.Verdict.String())
	dst = appendBool(dst, `"tlsfloor.flagged":`, f.Flagged)
	dst = appendWord(dst, `"tlsfloor.fix":`, f.Fix.String())
	dst = appendText(dst, `"tlsfloor.reason":`, f.Reason)
	dst = appendWire(dst, `"tlsfloor.host":`, f.Host)
	dst = appendWord(dst, `"tlsfloor.host_source":`, f.HostSource.String())
	if p := f.Process; p != nil {
		dst = appendText(dst, `"tlsfloor.process":`, programOf(p))
	}
	if f.Software != nil {
		dst = appendWord(dst, `"tlsfloor.software":`, f.Software.ID)
	}
	if f.Advice != nil {
		dst = appendWord(dst, `"tlsfloor.advice":`, f.Advice.ID)
	}
	return dst
}

// appendEpoch writes ns, nanoseconds since the Unix epoch, as seconds with
// microseconds.
func appendEpoch(dst []byte, key string, ns int64) []byte {
	dst = appendKey(dst, key)
	micros := ns / 1000
	if micros < 0 {
		dst, micros = append(dst, '-'), -micros
	}
	dst = append(strconv.AppendInt(dst, micros/1e6, 10), '.')
	for unit := int64(100000); unit > 0; unit /= 10 {
		dst = append(dst, byte('0'+micros/unit%10))
	}
	return dst
}

// appendUID writes an identifier of the form that Zeek gives connections.
func appendUID(dst []byte, key string, o *classify.Observation) []byte {
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	sum := flowSum(o)
	dst = append(appendKey(dst, key), '"', 'C')
	for _, b := range sum[:17] {
		dst = append(dst, digits[int(b)%len(digits)])
	}
	return append(dst, '"')
}
