package lines

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"strings"

	"tlsfloor/classify"
	"tlsfloor/classify/endpoint"
	"tlsfloor/classify/event"
	"tlsfloor/classify/plaintext"
)

// table writes rows of CSV (RFC 4180), for spreadsheets. Columns are members of native
// events; a list is in one cell, with spaces between its elements. Only lists and unknown
// version numbers allocate.
//
// The counts of a run are a row, too, of kind "stats", with all of them in "reason": a
// table without them would look like one of a network that was seen whole.
type table struct{ sensor event.Sensor }

// csvColumns is the header. Columns that are added later come at the end.
const csvColumns = "ts,kind,verdict,flagged,in_scope,outcome,fix,reason," +
	"src_ip,src_port,dst_ip,dst_port,host,host_source,region,service," +
	"version,cipher,sni,max_version,ja3,ja4,starttls," +
	"software,software_version,confidence,pid,executable,command_line,script,user,login_user,unit,container,parents," +
	"vlan,tunnels,anomalies,advice,community_id,sensor,source," +
	"count,first_seen,last_seen,exception_owner,exception_reason,exception_until,protocol"

var (
	csvHeader = []byte(csvColumns + "\r\n")
	csvCount  = strings.Count(csvColumns, ",") + 1
)

// AppendFinding appends a row, up to its CR.
func (t *table) AppendFinding(dst []byte, f *classify.Finding) []byte {
	r := plaintext.Row(dst).Time(f.Time).Own(event.KindHandshake).Own(f.Verdict.String()).Bool(f.Flagged).Bool(f.InScope)
	r = r.Own(f.Outcome.String()).Own(f.Fix.String()).Local(f.Reason).End(f.Client).End(f.Server)
	r = r.Wire(f.Host).Own(f.HostSource.String())
	if a := f.AWS; a != nil {
		r = r.Wire(a.Region).Wire(a.Service)
	} else {
		r = r.None(2)
	}
	r = csvHellos(r, &f.Observation).Local(f.StartTLS)
	r = csvProcess(csvSoftware(r, f.Software), f.Process)
	r = r.Numbers(f.VLANs).List(f.Tunnels).List(f.Anomalies)
	if a := f.Advice; a != nil {
		r = r.Local(a.ID)
	} else {
		r = r.None(1)
	}
	r = append(endpoint.AppendCommunityID(r, &f.Observation), ',')
	r = r.Local(cmp.Or(f.Sensor, &t.sensor).Host).Local(f.Source)
	return finish(csvException(csvSeries(r, f), f.Exception).Own(f.Protocol.String()))
}

// AppendStats appends a row, up to its CR.
func (t *table) AppendStats(dst []byte, s *event.Stats) []byte {
	r := plaintext.Row(dst).Time(s.Time).Own(event.KindStats).None(5).Local(string(new(text).appendCounts(nil, s)))
	const before, behind = 8, 7 // the cells of findings alone
	return finish(r.None(csvCount - before - 2 - behind).Local(cmp.Or(s.Sensor, &t.sensor).Host).Local(s.Source).None(behind))
}

// finish ends a row.
func finish(r plaintext.Row) []byte {
	r[len(r)-1] = '\r'
	return r
}

// csvSeries appends the count also of a finding that stands for itself alone, so that the
// sum of a column is right.
func csvSeries(r plaintext.Row, f *classify.Finding) plaintext.Row {
	if s := f.Series; s != nil {
		return r.Number(s.Count).Time(s.First).Time(s.Last)
	}
	return r.Number(1).None(2)
}

func csvException(r plaintext.Row, e *classify.Exception) plaintext.Row {
	if e == nil {
		return r.None(3)
	}
	return r.Local(e.Owner).Local(e.Reason).Local(e.Until)
}

func csvHellos(r plaintext.Row, o *classify.Observation) plaintext.Row {
	if a := o.Answer; a != nil {
		r = r.Own(a.Version.String()).Own(event.Cipher(a))
	} else {
		r = r.None(2)
	}
	r = r.Wire(o.SNI)
	c := o.Hello
	if c == nil {
		return r.None(3)
	}
	if c.ShowsVersions() {
		r = r.Own(c.MaxVersion().String())
	} else {
		r = r.None(1)
	}
	return r.Own(c.JA3).Wire(c.JA4)
}

func csvSoftware(r plaintext.Row, s *classify.Software) plaintext.Row {
	if s == nil {
		return r.None(3)
	}
	return r.Local(s.Name).Local(s.Version).Own(s.Confidence.String())
}

func csvProcess(r plaintext.Row, p *classify.Process) plaintext.Row {
	if p == nil {
		return r.None(9)
	}
	r = r.Number(uint64(p.PID)).Local(p.Executable).List(event.Arguments(p)).Local(p.Script)
	r = r.Local(p.User).Local(p.LoginUser).Local(p.Unit).Local(p.Container)
	var parents []string // the nearest first
	for _, parent := range event.Parents(p) {
		parents = append(parents, event.Program(parent.Executable, parent.CommandLine))
	}
	return r.List(parents)
}

// isRow reports whether a line has as many cells as the header.
func isRow(line []byte) bool {
	cells, err := csv.NewReader(bytes.NewReader(line)).Read()
	return err == nil && len(cells) == csvCount
}
