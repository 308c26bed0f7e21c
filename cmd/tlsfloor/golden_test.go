package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"tlsfloor/classify/testing/golden"
)

var update = flag.Bool("update", false, "write the golden events anew")

const (
	captures     = "../../testdata/captures"
	goldenEvents = "../../testdata/golden"
	truth        = "../../testdata/truth.jsonl"
)

// replay runs tlsfloor on recorded captures and returns its events. The sensor has a fixed
// name, so that the events are the same on every machine.
func replay(t *testing.T, args ...string) []byte {
	t.Helper()
	var out, messages bytes.Buffer
	args = append([]string{"--sensor-name", "bastion-1", "--quiet", "--no-sandbox"}, args...)
	status := run(args, strings.NewReader(""), &out, &messages)
	if status != exitOK && !strings.Contains(messages.String(), "truncated") { // file-cut-short.pcap, by intent
		t.Fatalf("tlsfloor %s: status %d: %s", strings.Join(args, " "), status, &messages)
	}
	return out.Bytes()
}

// recorded lists the captures, by file name.
func recorded(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir(captures)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if len(names) < 50 {
		t.Fatalf("only %d captures", len(names))
	}
	return names
}

// TestGolden compares every event of every recorded capture with the golden one, which a
// person has checked.
func TestGolden(t *testing.T) {
	for _, name := range recorded(t) {
		t.Run(name, func(t *testing.T) {
			got := replay(t, "--emit", "all", "-r", filepath.Join(captures, name))
			got = bytes.ReplaceAll(got, []byte(captures+"/"), nil)
			golden.Compare(t, filepath.Join(goldenEvents, name+".jsonl"), got, *update)
		})
	}
}

// facts maps the keys of truth.jsonl to paths in an event. The recorder writes truth.jsonl
// from the output of the programs at the two ends and of tshark, without tlsfloor.
var facts = map[string]string{
	"src_ip": "src_ip", "src_port": "src_port", "dst_ip": "dst_ip", "dst_port": "dst_port",
	"outcome": "outcome", "verdict": "verdict", "flagged": "flagged",
	"host": "host", "host_source": "host_source", "starttls": "starttls",
	"selected": "server.version", "cipher": "tlsDetails.cipherSuite", "resumed": "server.resumed",
	"max": "client.max_version", "versions": "client.versions", "sni": "client.sni", "ech": "client.ech",
	"hello_retry_request": "server.hello_retry_request", "hello_verify": "dtls.hello_verify", "early_data": "client.early_data",
	"alert": "alert.description", "alert_from": "alert.from",
	"protocol": "protocol", "quic": "quic.version", "retry": "quic.retry", "version_negotiation": "quic.version_negotiation",
	"anomalies": "anomalies", "tunnels": "tunnels", "vlan": "vlan",
}

// unasked are keys of truth.jsonl that no event has, or has in another form.
var unasked = map[string]bool{"client": true, "server": true, "witnesses": true, "misnamed": true}

// TestTruth compares the events with truth.jsonl.
func TestTruth(t *testing.T) {
	for _, line := range lines(t, truth) {
		name := line["capture"].(string)
		t.Run(name, func(t *testing.T) {
			var got []map[string]any
			decodeLines(t, replay(t, "--emit", "all", "-r", filepath.Join(captures, name)), &got)
			got = slices.DeleteFunc(got, func(e map[string]any) bool { return e["kind"] != "handshake" })
			flows := line["flows"].([]any)
			if len(got) != len(flows) {
				t.Fatalf("%d flows, want %d", len(got), len(flows))
			}
			for _, flow := range flows {
				compareFlow(t, flow.(map[string]any), got)
			}
		})
	}
}

// compareFlow compares a flow with its event. Flows with the same addresses have different
// versions.
func compareFlow(t *testing.T, want map[string]any, events []map[string]any) {
	t.Helper()
	for _, e := range events {
		if at(e, "src_ip") == want["src_ip"] && at(e, "src_port") == want["src_port"] && at(e, "server.version") == want["selected"] {
			compareFacts(t, want, e)
			return
		}
	}
	t.Errorf("no event of %v:%v with version %v", want["src_ip"], want["src_port"], want["selected"])
}

func compareFacts(t *testing.T, want, event map[string]any) {
	t.Helper()
	for key, value := range want {
		path, known := facts[key]
		switch {
		case !known && !unasked[key]:
			t.Errorf("truth.jsonl has %q, which is not compared", key)
		case known && !agrees(event, path, value):
			t.Errorf("%s is %v, want %v", path, at(event, path), value)
		}
	}
	for _, key := range []string{"host", "sni", "starttls", "selected"} {
		if got := at(event, facts[key]); want[key] == nil && got != nil {
			t.Errorf("%s is %v, which nobody else saw", facts[key], got)
		}
	}
	anomalies, _ := event["anomalies"].([]any)
	if got := slices.Contains(anomalies, "name_mismatch"); got != (want["misnamed"] == true) {
		t.Errorf("anomalies %v, but the certificate is another's: %v", anomalies, want["misnamed"])
	}
}

// agrees compares a value. Programs use OpenSSL's or IANA's name of a cipher suite, and an
// event has both.
func agrees(event map[string]any, path string, want any) bool {
	if path == "tlsDetails.cipherSuite" && at(event, "server.cipher") == want {
		return true
	}
	if want == "yes" {
		want = true
	}
	return reflect.DeepEqual(at(event, path), want)
}

// at returns the value at a dotted path of an event, or nil.
func at(event map[string]any, path string) any {
	key, rest, nested := strings.Cut(path, ".")
	if !nested {
		return event[key]
	}
	inner, _ := event[key].(map[string]any)
	return at(inner, rest)
}

func lines(t *testing.T, file string) (all []map[string]any) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	decodeLines(t, b, &all)
	return all
}

func decodeLines(t *testing.T, b []byte, all *[]map[string]any) {
	t.Helper()
	for d := json.NewDecoder(bytes.NewReader(b)); d.More(); {
		var one map[string]any
		if err := d.Decode(&one); err != nil {
			t.Fatal(err)
		}
		*all = append(*all, one)
	}
}
