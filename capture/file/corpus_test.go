package file

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tlsfloor/capture"
)

const corpusDir = "../../../shared/corpus"

// verdict is how libpcap and wiretap read a capture of the corpus.
type verdict struct {
	Name            string `json:"pcap"`
	LibpcapRecords  *int   `json:"libpcap_records"`
	LibpcapExit     int    `json:"libpcap_exit"`
	LibpcapMessage  string `json:"libpcap_message"`
	CapinfosRecords *int   `json:"capinfos_records"`
}

func readVerdicts(t *testing.T) []verdict {
	file, err := os.Open(filepath.Join(corpusDir, "pcaps.jsonl"))
	if err != nil {
		t.Skipf("the corpus of captures is not here: %v", err)
	}
	defer file.Close()
	var verdicts []verdict
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		var v verdict
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			t.Fatal(err)
		}
		verdicts = append(verdicts, v)
	}
	return verdicts
}

// expectation is how many records are read, and the error after them, if any.
type expectation struct {
	records int
	err     error
}

// libpcapStops lists libpcap's errors, and how this package reads such files.
var libpcapStops = []struct {
	message string
	// whole: the file is read to its end, with as many records as in wiretap. libpcap
	// has one link type and one snapshot length for a file; here each frame has its
	// own.
	whole bool
	err   error
}{
	{message: "different from the type of the first interface", whole: true},
	{message: "different from the snapshot length of the first interface", whole: true},
	{message: "no Interface Description Blocks", whole: true},
	{message: "truncated dump file", err: capture.ErrTruncated},
	{message: "invalid packet capture length", err: capture.ErrDamaged},
	{message: "unknown file format", err: capture.ErrUnsupported}, // snoop
	{message: "archaic pcap savefile format", err: capture.ErrUnsupported},
	{message: "unsupported pcapng savefile version", err: capture.ErrUnsupported},
	{message: "unknown pcapng savefile major version", err: capture.ErrUnsupported},
	{message: "unknown data link type", err: capture.ErrUnsupported},
}

// corpusExceptions are captures to which these rules do not apply.
var corpusExceptions = map[string]struct {
	expectation
	why string
}{
	"pcapplusplus__Tests_Fuzzers_RegressionTests_regression_samples_clusterfuzz-testcase-minimized-FuzzTarget-5755755617189888": {
		expectation{records: 2, err: capture.ErrDamaged},
		"link type 14 is some systems' DLT_RAW, which libpcap on others does not take for raw IP; the third record is damaged",
	},
}

func (v verdict) expect(t *testing.T) expectation {
	if e, ok := corpusExceptions[v.Name]; ok {
		return e.expectation
	}
	if v.LibpcapExit == 0 {
		return expectation{records: *v.LibpcapRecords}
	}
	for _, stop := range libpcapStops {
		if !strings.Contains(v.LibpcapMessage, stop.message) {
			continue
		}
		e := expectation{err: stop.err}
		switch {
		case stop.whole:
			e.records = *v.CapinfosRecords
		case v.LibpcapRecords != nil:
			e.records = *v.LibpcapRecords
		}
		return e
	}
	t.Fatalf("%s: libpcap says something new: %s", v.Name, v.LibpcapMessage)
	return expectation{}
}

// TestCorpus reads every capture of the corpus and compares how many records
// there are, and how reading ends, with libpcap.
func TestCorpus(t *testing.T) {
	for _, v := range readVerdicts(t) {
		want := v.expect(t)
		frames, err := readAll(t, filepath.Join(corpusDir, "pcap", v.Name))
		if len(frames) != want.records || !errors.Is(err, want.err) || (err == nil) != (want.err == nil) {
			t.Errorf("%s: %d records, then %v; want %d, then %v (libpcap: %s)",
				v.Name, len(frames), err, want.records, want.err, v.LibpcapMessage)
		}
	}
}
