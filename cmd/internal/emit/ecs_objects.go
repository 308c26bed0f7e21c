package emit

import (
	"net/netip"

	"tlsfloor/classify"
	"tlsfloor/parse"
)

func appendECSAddress(dst []byte, a netip.AddrPort) []byte {
	dst = appendAddr(dst, `"address":`, a)
	return appendAddrPort(dst, `"ip":`, `"port":`, a)
}

func appendECSTLS(dst []byte, o *classify.Observation) []byte {
	return appendObject(dst, `"tls":`, func(dst []byte) []byte {
		dst = appendECSEstablished(dst, o.Outcome)
		dst = appendECSAnswer(dst, o.Answer)
		if c := o.Hello; c != nil {
			dst = appendObject(dst, `"client":`, func(dst []byte) []byte {
				dst = appendWire(dst, `"server_name":`, o.SNI)
				return appendWord(dst, `"ja3":`, c.JA3)
			})
		}
		return dst
	})
}

func appendECSEstablished(dst []byte, o classify.Outcome) []byte {
	yes, known := established(o)
	if !known {
		return dst
	}
	return appendBool(dst, `"established":`, yes)
}

func appendECSAnswer(dst []byte, a *classify.ServerHello) []byte {
	if a == nil {
		return dst
	}
	protocol, number := ecsVersionOf(a.Version)
	dst = appendWord(dst, `"version":`, number)
	dst = appendWord(dst, `"version_protocol":`, protocol)
	dst = appendWord(dst, `"cipher":`, ianaCipher(a))
	dst = appendWire(dst, `"next_protocol":`, a.ALPN)
	dst = appendMark(dst, `"resumed":`, a.Resumed != "")
	return appendObject(dst, `"server":`, func(dst []byte) []byte { return appendWord(dst, `"ja3s":`, a.JA3S) })
}

// ecsVersionOf splits a version as tls.version_protocol and tls.version do:
// "tls" and "1.0". Both are empty for a number that no registry knows.
func ecsVersionOf(v parse.Version) (protocol, number string) {
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
	case parse.DTLSv1:
		return "dtls", "1.0"
	case parse.DTLSv12:
		return "dtls", "1.2"
	case parse.DTLSv13:
		return "dtls", "1.3"
	}
	return "", ""
}

func appendECSRelated(dst []byte, f *classify.Finding) []byte {
	return appendObject(dst, `"related":`, func(dst []byte) []byte {
		dst = appendArray(dst, `"ip":`, func(dst []byte) []byte { return appendRelatedIPs(dst, &f.Observation) })
		dst = appendArray(dst, `"hosts":`, func(dst []byte) []byte { return appendRelatedHosts(dst, f) })
		dst = appendArray(dst, `"hash":`, func(dst []byte) []byte { return appendRelatedHashes(dst, &f.Observation) })
		return appendArray(dst, `"user":`, func(dst []byte) []byte { return appendRelatedUsers(dst, f.Process) })
	})
}

func appendRelatedIPs(dst []byte, o *classify.Observation) []byte {
	all := [...]netip.AddrPort{o.Client, o.Server, o.Proxied.Client, o.Proxied.Server}
	for i, a := range all {
		if a.IsValid() && !hasAddr(all[:i], a.Addr()) {
			dst = append(appendAddrText(append(appendComma(dst), '"'), a.Addr()), '"')
		}
	}
	return dst
}

func hasAddr(list []netip.AddrPort, a netip.Addr) bool {
	for _, other := range list {
		if other.Addr() == a {
			return true
		}
	}
	return false
}

// appendRelatedHosts writes each name once, in the spelling that was seen.
func appendRelatedHosts(dst []byte, f *classify.Finding) []byte {
	dst = appendHostElement(dst, f.Host)
	for i, n := range f.Names {
		if n.Host != f.Host && !hasName(f.Names[:i], n.Host) {
			dst = appendHostElement(dst, n.Host)
		}
	}
	return dst
}

func hasName(list []classify.Name, host string) bool {
	for _, n := range list {
		if n.Host == host {
			return true
		}
	}
	return false
}

func appendHostElement(dst []byte, host string) []byte {
	if host == "" {
		return dst
	}
	return appendBytes(appendComma(dst), host)
}

func appendRelatedHashes(dst []byte, o *classify.Observation) []byte {
	if o.Hello != nil {
		dst = appendWordElement(dst, o.Hello.JA3)
		dst = appendHostElement(dst, o.Hello.JA4)
	}
	if o.Answer != nil {
		dst = appendWordElement(dst, o.Answer.JA3S)
	}
	return dst
}

func appendECSObserver(dst []byte, s Sensor, source string) []byte {
	dst = append(dst, `,"observer":{"type":"sensor","vendor":"tlsfloor","product":"tlsfloor"`...)
	dst = appendText(dst, `"name":`, s.Host)
	dst = appendText(dst, `"version":`, s.Version)
	if s.Live {
		dst = appendObject(dst, `"ingress":`, func(dst []byte) []byte {
			return appendObject(dst, `"interface":`, func(dst []byte) []byte { return appendText(dst, `"name":`, source) })
		})
		return append(dst, '}')
	}
	return appendObject(append(dst, '}'), `"log":`, func(dst []byte) []byte {
		return appendObject(dst, `"file":`, func(dst []byte) []byte { return appendText(dst, `"path":`, source) })
	})
}
