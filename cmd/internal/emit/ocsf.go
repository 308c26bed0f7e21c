package emit

import (
	"strconv"

	"tlsfloor/classify"
)

// OCSF is the Open Cybersecurity Schema Framework, version 1.8.0
// (https://schema.ocsf.io). What the schema lacks is under "unmapped", by the
// names of native events.
type OCSF struct{ Sensor Sensor }

// AppendFinding appends a Detection Finding (class 2004) for a flagged finding,
// else a Network Activity (class 4001). It allocates and escapes as
// Native does.
func (o OCSF) AppendFinding(dst []byte, f *classify.Finding) []byte {
	if f.Flagged {
		return o.appendDetection(dst, f)
	}
	return o.appendActivity(dst, f)
}

// AppendStats appends nothing: the schema has no class for counts.
func (OCSF) AppendStats(dst []byte, _ *Stats) []byte { return dst }

// ocsfActivities begin an event of class 4001, by how the handshake ended.
var ocsfActivities = [...]string{
	classify.OutcomeUnknown: activity("6", "Traffic"),
	classify.Established:    activity("1", "Open"),
	classify.Refused:        activity("5", "Refuse"),
	classify.Reset:          activity("3", "Reset"),
	classify.Closed:         activity("2", "Close"),
	classify.Unanswered:     activity("4", "Fail"),
	classify.Truncated:      activity("6", "Traffic"),
}

// activity writes the class, and what the schema derives from class and
// activity.
func activity(id, name string) string {
	return `{"class_uid":4001,"class_name":"Network Activity","category_uid":4,"category_name":"Network Activity",` +
		`"activity_id":` + id + `,"activity_name":"` + name + `","type_uid":40010` + id + `,"type_name":"Network Activity: ` + name + `",` +
		`"severity_id":1,"severity":"Informational"`
}

func (o OCSF) appendActivity(dst []byte, f *classify.Finding) []byte {
	dst = append(dst, ocsfActivities[f.Outcome]...)
	dst = o.appendCommon(dst, f)
	dst = append(dst, ocsfStatus(f.Outcome)...)
	dst = appendWord(dst, `"status_detail":`, f.Outcome.String())
	dst = appendOCSFConnection(dst, f)
	dst = appendOCSFObservables(dst, f, "")
	return append(appendRest(dst, `"unmapped":`, f), '}')
}

func ocsfStatus(o classify.Outcome) string {
	switch yes, known := established(o); {
	case yes:
		return `,"status_id":1,"status":"Success"`
	case known:
		return `,"status_id":2,"status":"Failure"`
	}
	return `,"status_id":0,"status":"Unknown"`
}

// ocsfDetection begins an event of class 2004.
const ocsfDetection = `{"class_uid":2004,"class_name":"Detection Finding","category_uid":2,"category_name":"Findings",` +
	`"activity_id":1,"activity_name":"Create","type_uid":200401,"type_name":"Detection Finding: Create",` +
	`"status_id":1,"status":"New","is_alert":true`

func (o OCSF) appendDetection(dst []byte, f *classify.Finding) []byte {
	dst = append(dst, ocsfDetection...)
	dst = append(dst, ocsfSeverity(f.Verdict)...)
	dst = append(dst, ocsfConfidence(f.HostSource)...)
	dst = o.appendCommon(dst, f)
	dst = o.appendFindingInfo(dst, f)
	dst = append(appendOCSFConnection(append(dst, `,"evidences":[{`...), f), `}]`...)
	dst = append(dst, `,"remediation":{`...)
	dst = append(appendText(dst, `"desc":`, remedy(f)), '}')
	dst = appendOCSFObservables(dst, f, "evidences.")
	return append(appendRest(dst, `"unmapped":`, f), '}')
}

// ocsfSeverity: data moves below the floor, or only would have.
func ocsfSeverity(v classify.Verdict) string {
	if v == classify.Violation {
		return `,"severity_id":3,"severity":"Medium"`
	}
	return `,"severity_id":2,"severity":"Low"`
}

// ocsfConfidence is of the destination's name; the versions are facts.
func ocsfConfidence(s classify.NameSource) string {
	switch s {
	case classify.NameSNI, classify.NameConnect, classify.NameCertificate:
		return `,"confidence_id":3,"confidence":"High"`
	case classify.NameDNS:
		return `,"confidence_id":2,"confidence":"Medium"`
	}
	return `,"confidence_id":1,"confidence":"Low"`
}

// appendCommon appends what every class has.
func (o OCSF) appendCommon(dst []byte, f *classify.Finding) []byte {
	dst = appendMillis(dst, `"time":`, f.Time)
	dst = appendText(dst, `"message":`, f.Reason)
	dst = append(dst, `,"metadata":{"version":"1.8.0","log_provider":"tlsfloor"`...)
	dst = appendOCSFProfiles(dst, f)
	dst = appendFlowSum(dst, `"uid":`, &f.Observation)
	dst = appendText(dst, `"log_source":`, f.Source)
	dst = append(dst, `,"product":{"name":"tlsfloor","vendor_name":"tlsfloor"`...)
	dst = append(appendText(dst, `"version":`, o.Sensor.Version), '}')
	dst = appendObject(dst, `"reporter":`, func(dst []byte) []byte { return appendText(dst, `"name":`, o.Sensor.Host) })
	return append(dst, '}')
}

func (o OCSF) appendFindingInfo(dst []byte, f *classify.Finding) []byte {
	r := ruleOf(f.Verdict)
	dst = append(dst, `,"finding_info":{`...)
	dst = appendFlowSum(dst, `"uid":`, &f.Observation)
	dst = appendWord(dst, `"title":`, r.name)
	dst = appendText(dst, `"desc":`, f.Reason)
	dst = appendMillis(dst, `"first_seen_time":`, f.Time)
	dst = append(dst, `,"data_sources":["TLS handshakes"],"analytic":{"type_id":1,"type":"Rule"`...)
	dst = appendWord(dst, `"uid":`, r.id)
	dst = appendWord(dst, `"name":`, r.name)
	return append(appendText(dst, `"version":`, o.Sensor.Version), "}}"...)
}

// appendMillis writes ns, nanoseconds since the Unix epoch, in milliseconds.
func appendMillis(dst []byte, key string, ns int64) []byte {
	return strconv.AppendInt(appendKey(dst, key), ns/1e6, 10)
}
