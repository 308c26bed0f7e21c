package emit

import (
	"strings"

	"tlsfloor/classify"
)

// appendOCSFConnection appends the members that an activity has itself, and a
// finding has in its evidence.
func appendOCSFConnection(dst []byte, f *classify.Finding) []byte {
	dst = appendOCSFInfo(dst, &f.Observation)
	dst = appendObject(dst, `"src_endpoint":`, func(dst []byte) []byte {
		return appendAddrPort(dst, `"ip":`, `"port":`, f.Client)
	})
	dst = appendObject(dst, `"dst_endpoint":`, func(dst []byte) []byte {
		dst = appendAddrPort(dst, `"ip":`, `"port":`, f.Server)
		dst = appendWire(dst, `"hostname":`, f.Host)
		if f.AWS != nil {
			dst = appendWire(dst, `"svc_name":`, f.AWS.Service)
		}
		return dst
	})
	dst = appendOCSFTLS(dst, &f.Observation)
	dst = appendOCSFJA4(dst, f.Hello)
	return appendOCSFActor(dst, f)
}

var ocsfDirections = [...]string{
	unknownDirection: `"direction_id":0,"direction":"Unknown"`,
	inbound:          `"direction_id":1,"direction":"Inbound"`,
	outbound:         `"direction_id":2,"direction":"Outbound"`,
	lateral:          `"direction_id":3,"direction":"Lateral"`,
	passing:          `"direction_id":0,"direction":"Unknown"`, // the schema has no word for it
	local:            `"direction_id":4,"direction":"Local"`,
}

func appendOCSFInfo(dst []byte, o *classify.Observation) []byte {
	dst = append(appendKey(dst, `"connection_info":`), '{')
	dst = append(dst, ocsfDirections[directionOf(o.Client, o.Server)]...)
	dst = append(dst, `,"protocol_num":6,"protocol_name":"tcp"`...)
	dst = append(dst, ipVersion(o.Client, `,"protocol_ver_id":4`, `,"protocol_ver_id":6`)...)
	return append(appendCommunityID(dst, `"community_uid":`, o.Client, o.Server), '}')
}

// appendOCSFTLS writes "Unknown" for a version that no server selected: the
// schema requires one of an object that has the client's part, too.
func appendOCSFTLS(dst []byte, o *classify.Observation) []byte {
	if o.Hello == nil && o.Answer == nil {
		return dst
	}
	dst = append(appendKey(dst, `"tls":`), '{')
	if a := o.Answer; a != nil {
		dst = appendVersion(dst, `"version":`, a.Version)
		dst = appendWord(dst, `"cipher":`, ianaCipher(a))
		dst = appendOCSFMD5(dst, `"ja3s_hash":`, a.JA3S)
	} else {
		dst = append(dst, `"version":"Unknown"`...)
	}
	if c := o.Hello; c != nil {
		dst = appendWire(dst, `"sni":`, o.SNI)
		dst = appendOCSFMD5(dst, `"ja3_hash":`, c.JA3)
	}
	if o.Alert != nil {
		dst = appendNumber(dst, `"alert":`, o.Alert.Code)
	}
	return append(dst, '}')
}

func appendOCSFMD5(dst []byte, key, hash string) []byte {
	if hash == "" {
		return dst
	}
	dst = append(appendKey(dst, key), `{"algorithm_id":1,"algorithm":"MD5"`...)
	return append(appendWord(dst, `"value":`, hash), '}')
}

func appendOCSFJA4(dst []byte, c *classify.ClientHello) []byte {
	if c == nil || c.JA4 == "" {
		return dst
	}
	dst = append(appendKey(dst, `"ja4_fingerprint_list":`), `[{"type_id":1,"type":"JA4"`...)
	dst = appendWire(dst, `"value":`, c.JA4)
	a, rest, _ := strings.Cut(c.JA4, "_")
	b, c3, _ := strings.Cut(rest, "_")
	dst = appendWire(dst, `"section_a":`, a)
	dst = appendWire(dst, `"section_b":`, b)
	return append(appendWire(dst, `"section_c":`, c3), "}]"...)
}

// appendOCSFObservables lists what an analyst looks for across all classes;
// prefix is where the connection is in this one.
func appendOCSFObservables(dst []byte, f *classify.Finding, prefix string) []byte {
	return appendArray(dst, `"observables":`, func(dst []byte) []byte {
		if f.Client.IsValid() {
			dst = appendObservable(dst, prefix, `src_endpoint.ip","type_id":2,"type":"IP Address"`)
			dst = append(appendAddr(dst, `"value":`, f.Client), '}')
		}
		if f.Server.IsValid() {
			dst = appendObservable(dst, prefix, `dst_endpoint.ip","type_id":2,"type":"IP Address"`)
			dst = append(appendAddr(dst, `"value":`, f.Server), '}')
		}
		if f.Host != "" {
			dst = appendObservable(dst, prefix, `dst_endpoint.hostname","type_id":1,"type":"Hostname"`)
			dst = append(appendWire(dst, `"value":`, f.Host), '}')
		}
		return appendProcessObservables(dst, f.Process, prefix)
	})
}

func appendObservable(dst []byte, prefix, rest string) []byte {
	return append(append(append(appendComma(dst), `{"name":"`...), prefix...), rest...)
}
