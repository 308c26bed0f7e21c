package foreign

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"tlsfloor/classify"
	"tlsfloor/classify/event"
	"tlsfloor/classify/testing/findings"
	"tlsfloor/classify/testing/jsonline"
	"tlsfloor/parse"
	"tlsfloor/parse/quic"
)

// Each member of a native event is in the table of docs/mapping.md, and each field that the
// table names is in events.
func TestMapping(t *testing.T) {
	table := mappingTable(t)
	members := map[string]bool{}
	nativeFields(t, members)
	counts := map[string]bool{}
	for name := range namesIn(jsonline.Decode(t, event.NewNative(sensor).AppendStats(nil, &event.Stats{Excepted: 1, Held: 1, Own: 1, Final: true}))) {
		counts[name] = true
	}
	for member := range members {
		if row := rowOf(table, member); member != "" && row == nil && !counts[member] && !strings.HasPrefix(member, "blind") {
			t.Errorf("%s is not in the table", member)
		}
	}
	for column, format := range []string{"native", "ecs", "ocsf", "eve", "zeek"} {
		there := map[string]bool{}
		for _, f := range fullFindings() {
			for _, by := range []event.Sensor{{Host: "a", Version: "1", Live: true}, {Host: "a", Version: "1"}} {
				for name := range namesIn(jsonline.Decode(t, parseFormat(t, format, by).AppendFinding(nil, f))) {
					there[name] = true
				}
			}
		}
		if format == "native" { // a journal adds these
			there["index"], there["crc32c"] = true, true
		}
		for _, row := range table {
			for _, name := range row[column] {
				if !there[name] {
					t.Errorf("%s: no event has %s", format, name)
				}
			}
		}
	}
}

// mappingTable has the names in each cell of the table.
func mappingTable(t *testing.T) (rows [][][]string) {
	t.Helper()
	names := regexp.MustCompile("`([^`]+)`")
	for line := range strings.Lines(packaged(t, "../../docs/mapping.md")) {
		if !strings.HasPrefix(line, "| `") {
			continue
		}
		var row [][]string
		for _, cell := range strings.Split(strings.Trim(line, "| \n"), " | ") {
			var all []string
			for _, name := range names.FindAllStringSubmatch(cell, -1) {
				all = append(all, name[1])
			}
			if all == nil && cell != "-" {
				t.Errorf("%s: %q", line, cell)
			}
			row = append(row, all)
		}
		if len(row) != 5 {
			t.Fatalf("%d cells: %s", len(row), line)
		}
		rows = append(rows, row)
	}
	return rows
}

// rowOf returns the row of a member, or of one that it is within or that is within it.
func rowOf(table [][][]string, member string) [][]string {
	for _, row := range table {
		if name := row[0][0]; name == member || strings.HasPrefix(member, name+".") || strings.HasPrefix(name, member+".") {
			return row
		}
	}
	return nil
}

// namesIn are the dotted names of the members of an event, those within lists included, and
// in EVE what is noted about the flow.
func namesIn(e map[string]any) map[string]bool {
	names := map[string]bool{}
	var walk func(prefix string, value any)
	walk = func(prefix string, value any) {
		switch value := value.(type) {
		case map[string]any:
			for key, inner := range value {
				name := strings.TrimPrefix(prefix+"."+key, ".")
				names[name] = true
				walk(name, inner)
			}
		case []any:
			for _, inner := range value {
				walk(prefix, inner)
				if text, ok := inner.(string); ok && prefix == "metadata.flowbits" {
					names[text] = true
				}
				if key, ok := jsonline.At(inner, "key").(string); ok && prefix == "metadata.flowvars" {
					names[key] = true
				}
			}
		}
	}
	walk("", e)
	return names
}

// fullFindings have together a value in every field.
func fullFindings() []*classify.Finding {
	flagged, excepted, overQUIC, overDTLS := findings.Violation(), findings.Violation(), findings.Violation(), findings.Violation()
	flagged.Series = findings.Series
	flagged.Return = &classify.Place{VLANs: []uint16{7}}
	flagged.Copies = []classify.Place{{Source: "eth1"}}
	excepted.Flagged, excepted.Exception, excepted.Series = false, findings.Excepted, findings.Series
	excepted.Hello.SSLv2Format = true
	overQUIC.Protocol, overQUIC.QUIC, overQUIC.Flagged = parse.QUIC, classify.QUIC{Version: quic.V1}, false
	overQUIC.Hello.JA3Full, overQUIC.Answer.JA3SFull = "769,49171-47,0-10,29,0", "769,47,65281"
	overDTLS.Protocol, overDTLS.HelloVerify, overDTLS.Flagged = parse.DTLS, true, false
	return slices.Concat([]*classify.Finding{flagged, excepted, overQUIC, overDTLS}, findings.Variants()[:1])
}
