package event

import (
	"tlsfloor/classify"
	"tlsfloor/classify/jsontext"
	"tlsfloor/parse"
	"tlsfloor/parse/quic"
)

// The objects of a handshake's event, read back.

// parts reads the members of a handshake that are objects, or lists of these.
func (r *reader) parts(key []byte) bool {
	f := r.finding
	switch string(key) {
	case "return_path":
		place := readPlace(&r.Reader)
		f.Return = &place
	case "also_seen":
		f.Copies = jsontext.List(&r.Reader, readPlace)
	case "proxied":
		readProxied(&r.Reader, &f.Observation)
	case "quic":
		f.QUIC = readQUIC(&r.Reader)
	case "dtls":
		f.HelloVerify = readDTLS(&r.Reader)
	case "names":
		f.Names = jsontext.List(&r.Reader, readName)
	case "aws":
		f.AWS = readAWS(&r.Reader)
	case "client":
		f.SNI, f.Hello = readClient(&r.Reader)
	case "server":
		f.Answer, f.Group = readServer(&r.Reader)
	case "certificate":
		f.Certificate = readCertificate(&r.Reader)
	case "alert":
		f.Alert = readAlert(&r.Reader)
	case "process":
		f.Process = readProcess(&r.Reader)
	case "software":
		f.Software = readSoftware(&r.Reader)
	case "advice":
		f.Advice = readAdvice(&r.Reader)
	default:
		return false
	}
	return true
}

func readPlace(r *jsontext.Reader) (p classify.Place) {
	if !r.Object() {
		return p
	}
	for r.Member() {
		switch string(r.Key()) {
		case "source":
			p.Source = r.Text()
		case "vlan":
			p.VLANs = readVLANs(r)
		case "tunnels":
			p.Tunnels = r.Texts()
		default:
			r.Skip()
		}
	}
	return p
}

func readProxied(r *jsontext.Reader, o *classify.Observation) {
	if !r.Object() {
		return
	}
	var client, server end
	for r.Member() {
		switch string(r.Key()) {
		case "src_ip":
			client.ip = readAddr(r)
		case "src_port":
			client.port = jsontext.Number[uint16](r)
		case "dst_ip":
			server.ip = readAddr(r)
		case "dst_port":
			server.port = jsontext.Number[uint16](r)
		default:
			r.Skip()
		}
	}
	o.Proxied.Client, o.Proxied.Server = client.addrPort(), server.addrPort()
}

func readQUIC(r *jsontext.Reader) (q classify.QUIC) {
	if !r.Object() {
		return q
	}
	for r.Member() {
		switch string(r.Key()) {
		case "version":
			q.Version, _ = quic.ParseVersion(r.Word())
		case "retry":
			q.Retry = r.Bool()
		case "version_negotiation":
			q.Negotiated = r.Bool()
		default:
			r.Skip()
		}
	}
	return q
}

func readDTLS(r *jsontext.Reader) (helloVerify bool) {
	if !r.Object() {
		return false
	}
	for r.Member() {
		if string(r.Key()) == "hello_verify" {
			helloVerify = r.Bool()
		} else {
			r.Skip()
		}
	}
	return helloVerify
}

func readName(r *jsontext.Reader) (n classify.Name) {
	if !r.Object() {
		return n
	}
	for r.Member() {
		switch string(r.Key()) {
		case "host":
			n.Host = r.Wire()
		case "source":
			n.Source = readWord(r, classify.NameAddress, classify.NameNone)
		default:
			r.Skip()
		}
	}
	return n
}

func readAWS(r *jsontext.Reader) *classify.AWS {
	if !r.Object() {
		return nil
	}
	a := new(classify.AWS)
	for r.Member() {
		switch string(r.Key()) {
		case "partition":
			a.Partition = r.Wire()
		case "region":
			a.Region = r.Wire()
		case "service":
			a.Service = r.Wire()
		case "fips":
			a.FIPS = r.Bool()
		case "dual_stack":
			a.DualStack = r.Bool()
		case "vpc_endpoint":
			a.VPCEndpoint = r.Bool()
		case "resource":
			a.Resource = r.Wire()
		default:
			r.Skip()
		}
	}
	return a
}

func readClient(r *jsontext.Reader) (sni string, c *classify.ClientHello) {
	if !r.Object() {
		return "", nil
	}
	c = &classify.ClientHello{Cut: true} // unless it shows the highest version
	for r.Member() {
		switch string(r.Key()) {
		case "sni":
			sni = r.Wire()
		case "record_version":
			c.RecordVersion = readVersion(r)
		case "legacy_version":
			c.LegacyVersion = readVersion(r)
		case "max_version":
			c.Cut = readVersion(r) == 0
		case "versions":
			c.Versions = append([]parse.Version{}, jsontext.List(r, readVersion)...)
		case "alpn":
			c.ALPN = r.Wires()
		case "fallback_scsv":
			c.FallbackSCSV = r.Bool()
		case "sslv2_format":
			c.SSLv2Format = r.Bool()
		case "ech":
			c.ECH = r.Bool()
		case "early_data":
			c.EarlyData = r.Bool()
		case "ja3":
			c.JA3 = r.Own()
		case "ja3_full":
			c.JA3Full = r.Numbers()
		case "ja4":
			c.JA4 = r.Wire()
		default:
			r.Skip()
		}
	}
	return sni, c
}

func readVersion(r *jsontext.Reader) parse.Version {
	v, _ := parse.ParseVersion(r.Word())
	return v
}

func readServer(r *jsontext.Reader) (a *classify.ServerHello, group parse.Group) {
	if !r.Object() {
		return nil, 0
	}
	a = new(classify.ServerHello)
	for r.Member() {
		switch string(r.Key()) {
		case "version":
			a.Version = readVersion(r)
		case "cipher_id":
			a.Cipher = jsontext.Number[uint16](r)
		case "alpn":
			a.ALPN = r.Wire()
		case "ja3s":
			a.JA3S = r.Own()
		case "ja3s_full":
			a.JA3SFull = r.Numbers()
		case "downgrade_sentinel":
			a.Sentinel = readVersion(r)
		case "hello_retry_request":
			a.HelloRetryRequest = r.Bool()
		case "resumed":
			a.Resumed = r.Own()
		case "group":
			group, _ = parse.ParseGroup(r.Word())
		default:
			r.Skip()
		}
	}
	return a, group
}

func readCertificate(r *jsontext.Reader) *classify.Certificate {
	if !r.Object() {
		return nil
	}
	c := new(classify.Certificate)
	for r.Member() {
		switch string(r.Key()) {
		case "subject":
			c.Subject = r.Wire()
		case "issuer":
			c.Issuer = r.Wire()
		case "dns_names":
			c.DNSNames = r.Wires()
		case "not_before":
			c.NotBefore = readSeconds(r)
		case "not_after":
			c.NotAfter = readSeconds(r)
		case "serial":
			c.Serial = r.Own()
		case "sha1":
			c.SHA1 = r.Own()
		case "sha256":
			c.SHA256 = r.Own()
		default:
			r.Skip()
		}
	}
	return c
}

func readAlert(r *jsontext.Reader) *classify.Alert {
	if !r.Object() {
		return nil
	}
	a := new(classify.Alert)
	for r.Member() {
		switch string(r.Key()) {
		case "from":
			a.From = readWord(r, classify.ServerSide, classify.ClientSide)
		case "level":
			level, _ := parse.ParseAlertLevel(r.Word())
			a.Level = uint8(level)
		case "code":
			a.Code = jsontext.Number[uint8](r)
		case "record_version":
			a.Record = readVersion(r)
		default:
			r.Skip()
		}
	}
	return a
}

func readSoftware(r *jsontext.Reader) *classify.Software {
	if !r.Object() {
		return nil
	}
	s := new(classify.Software)
	for r.Member() {
		switch string(r.Key()) {
		case "id":
			s.ID = r.Own()
		case "name":
			s.Name = r.Text()
		case "version":
			s.Version = r.Text()
		case "library":
			s.Library = r.Text()
		case "confidence":
			s.Confidence = readWord(r, classify.High, classify.Medium)
		case "because":
			s.Because = r.Texts()
		default:
			r.Skip()
		}
	}
	return s
}

func readAdvice(r *jsontext.Reader) *classify.Advice {
	if !r.Object() {
		return nil
	}
	a := new(classify.Advice)
	for r.Member() {
		switch string(r.Key()) {
		case "id":
			a.ID = r.Own()
		case "summary":
			a.Summary = r.Text()
		default:
			r.Skip()
		}
	}
	return a
}
