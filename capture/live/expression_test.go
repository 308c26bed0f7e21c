package live

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"tlsfloor/capture"
)

// TestCompilerLinkTypes: the same expression is a different program for each
// link type, also for those above 255.
func TestCompilerLinkTypes(t *testing.T) {
	ip := append([]byte{0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2}, make([]byte, 20)...)
	headers := map[capture.LinkType][]byte{
		capture.LinkEthernet:  append(make([]byte, 12), 8, 0),
		capture.LinkNull:      {2, 0, 0, 0},
		capture.LinkLoop:      {0, 0, 0, 2},
		capture.LinkRaw:       nil,
		capture.LinkIPv4:      nil,
		capture.LinkLinuxSLL:  append(make([]byte, 14), 8, 0),
		capture.LinkLinuxSLL2: append([]byte{8, 0}, make([]byte, 18)...),
		capture.LinkPPP:       {0xff, 3, 0, 33},
	}
	compiler, err := Compiler("tcp and src host 10.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	for link, header := range headers {
		m, err := compiler(link, 65535)
		if err != nil {
			t.Errorf("%v: %v", link, err)
			continue
		}
		yes := append(header[:len(header):len(header)], ip...)
		no := append(header[:len(header):len(header)], ip...)
		no[len(header)+12] = 11
		if !m.Matches(yes, len(yes)) || m.Matches(no, len(no)) || m.Matches(nil, 0) {
			t.Errorf("%v: the wrong frames match", link)
		}
	}
}

func TestCompilerErrors(t *testing.T) {
	for _, expression := range []string{"tcp prt 80", "host 10.0.0.300", "nonsense", "port", "(tcp", "tcp\x00udp)"} {
		_, err := Compiler(expression)
		if !errors.Is(err, errExpression) {
			t.Errorf("%q: %v", expression, err)
			continue
		}
		begin := fmt.Sprintf("bad expression %q: ", expression)
		text, whole := strings.CutSuffix(err.Error(), " (man pcap-filter explains expressions)")
		if !whole || !strings.HasPrefix(text, begin) || len(text) < len(begin)+10 || strings.Contains(text, "\n") {
			t.Errorf("%q: the text is %q", expression, err)
		}
	}
}

// TestCompilerForOtherLinks: an expression is not wrong because it does not apply to
// Ethernet.
func TestCompilerForOtherLinks(t *testing.T) {
	compiler, err := Compiler("type mgt")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := compiler(capture.LinkRadiotap, 65535); err != nil {
		t.Errorf("for 802.11: %v", err)
	}
	if _, err := compiler(capture.LinkEthernet, 65535); !errors.Is(err, errExpression) {
		t.Errorf("for Ethernet: %v", err)
	}
}

// TestCompilerLeaksNothing: each compilation closes what it opened.
func TestCompilerLeaksNothing(t *testing.T) {
	count := func() int {
		entries, err := os.ReadDir("/dev/fd")
		if err != nil {
			t.Skip(err)
		}
		return len(entries)
	}
	before := count()
	for range 50 {
		if _, err := Compiler("tcp"); err != nil {
			t.Fatal(err)
		}
	}
	if after := count(); after > before {
		t.Errorf("%d descriptors are open, %d before", after, before)
	}
}
