package lines

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"
)

// Each row has the cells of the header.
func TestRow(t *testing.T) {
	columns := strings.Split(csvColumns, ",")
	got := map[string]string{}
	for i, cell := range readRow(t, parseFormat(t, "csv", Style{}).AppendFinding(nil, violation())) {
		got[columns[i]] = cell
	}
	for column, want := range map[string]string{
		"ts": "2026-03-01T12:00:00.123456Z", "kind": "handshake", "verdict": "violation", "flagged": "true", "in_scope": "true", "outcome": "refused",
		"fix": "client", "reason": violation().Reason, "src_ip": "10.0.0.5", "src_port": "40312", "dst_ip": "52.94.1.2", "dst_port": "443",
		"host": "dynamodb.us-west-2.amazonaws.com", "host_source": "sni", "region": "us-west-2", "service": "dynamodb", "version": "TLSv1",
		"cipher": "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "sni": "DynamoDB.us-west-2.amazonaws.com", "max_version": "TLSv1.1",
		"ja3": "0123456789abcdef0123456789abcdef", "ja4": "t11d010000_a_b", "starttls": "proxy-protocol", "software": "Node.js",
		"software_version": "10.24.1", "confidence": "high", "pid": "1234", "executable": "/usr/bin/node",
		"command_line": "node app.js --region us-west-2", "script": "/srv/app.js", "user": "svc", "login_user": "ann", "unit": "app.service",
		"container": "4b0e1a9c2f55d3e8a1b2", "parents": "bash systemd", "vlan": "12 4095", "tunnels": "gre vxlan:77",
		"anomalies": "hello_split_records downgrade", "advice": "nodejs", "community_id": "1:9wTwYxX66FO9AphPitCC+0yCE7E=", "sensor": "bastion-1", "source": "eth0",
		"count": "1", "first_seen": "", "last_seen": "", "exception_owner": "", "exception_reason": "", "exception_until": "", "protocol": "tls",
	} {
		if got[column] != want {
			t.Errorf("%s: %q, want %q", column, got[column], want)
		}
		delete(got, column)
	}
	if len(got) > 0 {
		t.Errorf("columns without a test: %v", got)
	}
}

// The counts are a row whose cells are in their columns.
func TestRowOfCounts(t *testing.T) {
	cells := readRow(t, parseFormat(t, "csv", Style{}).AppendStats(nil, unseen))
	const reason = "48 packets, 2 flows, 5 handshakes, 5 in scope, 1 flagged, 3 excepted; not seen: 5 packets dropped by the kernel; 1 faults"
	for i, column := range strings.Split(csvColumns, ",") {
		want := map[string]string{"ts": "2026-03-01T12:00:00.123456Z", "kind": "stats", "reason": reason, "sensor": "bastion-1"}[column]
		if cells[i] != want {
			t.Errorf("%s: %q, want %q", column, cells[i], want)
		}
	}
}

func readRow(t testing.TB, line []byte) []string {
	t.Helper()
	rows, err := csv.NewReader(bytes.NewReader(append(line, '\n'))).ReadAll()
	if err != nil || len(rows) != 1 || len(rows[0]) != csvCount || line[len(line)-1] != '\r' {
		t.Fatalf("%q: %v", line, err)
	}
	return rows[0]
}

// checkCells fails for a cell that a spreadsheet would take for a formula.
func checkCells(t testing.TB, cells []string) {
	t.Helper()
	for _, cell := range cells {
		if cell != "" && strings.Contains("=+-@\t\r", cell[:1]) {
			t.Errorf("a formula: %q", cell)
		}
	}
}
