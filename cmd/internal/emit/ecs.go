package emit

import (
	"strconv"

	"tlsfloor/classify"
)

// ECS is the Elastic Common Schema, version 9.4.0
// (https://www.elastic.co/docs/reference/ecs). Events go by the names of the
// data set network_traffic.tls, which Elastic's own rules read; what the schema
// lacks is under "tlsfloor", by the names of native events.
type ECS struct{ Sensor Sensor }

const ecsVersion = `"ecs":{"version":"9.4.0"}`

// AppendFinding appends an alert for a flagged finding, else an event. It
// allocates and escapes as Native does.
func (e ECS) AppendFinding(dst []byte, f *classify.Finding) []byte {
	dst = appendTime(append(dst, '{'), `"@timestamp":`, f.Time)
	dst = append(dst, `,`+ecsVersion+`,"data_stream":{"type":"logs","dataset":"network_traffic.tls","namespace":"tlsfloor"}`...)
	dst = appendText(dst, `"message":`, f.Reason)
	dst = appendECSEvent(dst, f)
	dst = appendECSRule(dst, f)
	dst = appendECSNetwork(dst, &f.Observation)
	dst = appendECSEnds(dst, f)
	dst = appendECSTLS(dst, &f.Observation)
	dst = appendECSProcess(dst, f.Process)
	dst = appendECSRelated(dst, f)
	dst = appendECSObserver(dst, e.Sensor, f.Source)
	return append(appendRest(dst, `"tlsfloor":`, f), '}')
}

// AppendStats appends a metric. It names no data stream: one that holds
// network_traffic.tls refuses another data set, and the counts fit in with its
// other fields.
func (e ECS) AppendStats(dst []byte, s *Stats) []byte {
	dst = appendTime(append(dst, '{'), `"@timestamp":`, s.Time)
	dst = append(dst, `,`+ecsVersion+`,"event":{"kind":"metric","category":["network"],"type":["info"],"module":"tlsfloor","dataset":"tlsfloor.stats"}`...)
	dst = appendECSObserver(dst, e.Sensor, s.Source)
	dst = append(appendKey(dst, `"tlsfloor":`), `{"stats":{`...)
	return append(appendCounts(dst, s), "}}}"...)
}

func appendECSEvent(dst []byte, f *classify.Finding) []byte {
	dst = append(dst, `,"event":{"kind":`...)
	if f.Flagged {
		dst = append(dst, `"alert"`...)
	} else {
		dst = append(dst, `"event"`...)
	}
	dst = append(dst, `,"category":["network"],"type":["connection","protocol"`...)
	if f.Outcome == classify.Refused {
		dst = append(dst, `,"denied"`...)
	}
	dst = append(dst, `],"module":"tlsfloor","dataset":"network_traffic.tls"`...)
	dst = appendFlowSum(dst, `"id":`, &f.Observation)
	dst = appendWord(dst, `"outcome":`, ecsOutcome(f.Outcome))
	return append(appendText(dst, `"reason":`, f.Reason), '}')
}

// ecsOutcome is of the handshake, not of the judgement.
func ecsOutcome(o classify.Outcome) string {
	switch yes, known := established(o); {
	case yes:
		return "success"
	case known:
		return "failure"
	}
	return "unknown"
}

func appendECSRule(dst []byte, f *classify.Finding) []byte {
	if !f.Flagged {
		return dst
	}
	r := ruleOf(f.Verdict)
	dst = append(dst, `,"rule":{"ruleset":"tlsfloor"`...)
	dst = appendWord(dst, `"id":`, r.id)
	dst = appendWord(dst, `"name":`, r.name)
	return append(appendWord(dst, `"category":`, f.Verdict.String()), '}')
}

// ecsDirections are those of network.direction as a network's perimeter sees
// it.
var ecsDirections = [...]string{
	unknownDirection: "unknown", inbound: "inbound", outbound: "outbound", lateral: "internal", passing: "external", local: "internal",
}

func appendECSNetwork(dst []byte, o *classify.Observation) []byte {
	dst = append(dst, `,"network":{"transport":"tcp","iana_number":"6","protocol":"tls"`...)
	dst = appendWord(dst, `"type":`, ipVersion(o.Client, "ipv4", "ipv6"))
	dst = appendWord(dst, `"direction":`, ecsDirections[directionOf(o.Client, o.Server)])
	dst = appendCommunityID(dst, `"community_id":`, o.Client, o.Server)
	if n := len(o.VLANs); n > 0 {
		dst = appendECSVLAN(dst, o.VLANs[0])
		if n > 1 {
			dst = append(appendECSVLAN(append(dst, `,"inner":{`...), o.VLANs[n-1]), '}')
		}
	}
	return append(dst, '}')
}

func appendECSVLAN(dst []byte, id uint16) []byte {
	dst = append(appendKey(dst, `"vlan":`), `{"id":"`...)
	return append(strconv.AppendUint(dst, uint64(id), 10), `"}`...)
}

// appendECSEnds writes both ends twice, as the schema wants it of whoever knows
// which is the client.
func appendECSEnds(dst []byte, f *classify.Finding) []byte {
	dst = appendECSEnd(dst, `"source":`, f, classify.ClientSide)
	dst = appendECSEnd(dst, `"destination":`, f, classify.ServerSide)
	dst = appendECSEnd(dst, `"client":`, f, classify.ClientSide)
	return appendECSEnd(dst, `"server":`, f, classify.ServerSide)
}

func appendECSEnd(dst []byte, key string, f *classify.Finding, side classify.Side) []byte {
	return appendObject(dst, key, func(dst []byte) []byte {
		if side == classify.ClientSide {
			return appendECSAddress(dst, f.Client)
		}
		return appendWire(appendECSAddress(dst, f.Server), `"domain":`, f.Host)
	})
}
