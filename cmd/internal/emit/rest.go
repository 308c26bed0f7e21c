package emit

import "tlsfloor/classify"

// appendRest appends, under key, what other schemas have no field for, by the
// names that it has in native events.
func appendRest(dst []byte, key string, f *classify.Finding) []byte {
	dst = append(appendKey(dst, key), '{')
	dst = appendWord(dst, `"verdict":`, f.Verdict.String())
	dst = appendBool(dst, `"flagged":`, f.Flagged)
	dst = appendBool(dst, `"in_scope":`, f.InScope)
	dst = appendWord(dst, `"outcome":`, f.Outcome.String())
	dst = appendWord(dst, `"fix":`, f.Fix.String())
	dst = appendRestOfFlow(dst, &f.Observation)
	dst = appendDestination(dst, f)
	dst = appendText(dst, `"starttls":`, f.StartTLS)
	dst = appendRestOfClient(dst, f.Hello)
	dst = appendRestOfServer(dst, f.Answer)
	dst = appendAlert(dst, f.Alert)
	if p := f.Process; p != nil {
		dst = appendObject(dst, `"process":`, func(dst []byte) []byte { return appendRestOfProcess(dst, p) })
	}
	dst = appendSoftware(dst, f.Software)
	dst = appendAdvice(dst, f.Advice)
	return append(appendTexts(dst, `"anomalies":`, f.Anomalies), '}')
}

func appendRestOfFlow(dst []byte, o *classify.Observation) []byte {
	dst = appendVLANs(dst, o.VLANs)
	dst = appendTexts(dst, `"tunnels":`, o.Tunnels)
	return appendObject(dst, `"proxied":`, func(dst []byte) []byte {
		dst = appendAddrPort(dst, `"src_ip":`, `"src_port":`, o.Proxied.Client)
		return appendAddrPort(dst, `"dst_ip":`, `"dst_port":`, o.Proxied.Server)
	})
}

func appendRestOfClient(dst []byte, c *classify.ClientHello) []byte {
	if c == nil {
		return dst
	}
	dst = append(appendKey(dst, `"client":`), '{')
	dst = appendOffer(dst, c)
	return append(appendWire(dst, `"ja4":`, c.JA4), '}')
}

func appendRestOfServer(dst []byte, a *classify.ServerHello) []byte {
	if a == nil {
		return dst
	}
	dst = append(appendKey(dst, `"server":`), '{')
	dst = appendVersion(dst, `"version":`, a.Version)
	dst = appendCipherID(dst, `"cipher_id":`, a)
	if a.Sentinel != 0 {
		dst = appendVersion(dst, `"downgrade_sentinel":`, a.Sentinel)
	}
	dst = appendMark(dst, `"hello_retry_request":`, a.HelloRetryRequest)
	return append(appendWord(dst, `"resumed":`, a.Resumed), '}')
}
