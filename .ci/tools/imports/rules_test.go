package main

import (
	"strings"
	"testing"
)

// Each case is one file; want is a part of the only complaint, or "" when the
// file breaks no rule.
func TestCheck(t *testing.T) {
	tests := []struct{ name, file, text, want string }{
		{"parent imports child", "capture/capture.go", `package capture; import _ "tlsfloor/capture/flow"`, "must not import its child"},
		{"child imports parent", "capture/flow/key.go", `package flow; import _ "tlsfloor/capture"`, ""},
		{"sibling imports sibling", "capture/flow/key.go", `package flow; import _ "tlsfloor/capture/decode"`, ""},
		{"external test imports child", "parse/x_test.go", `package parse_test; import _ "tlsfloor/parse/dns"`, ""},
		{"capture imports parse", "capture/flow/key.go", `package flow; import _ "tlsfloor/parse"`, "capture must not import parse"},
		{"parse imports capture", "parse/hello.go", `package parse; import _ "tlsfloor/capture/flow"`, "parse must not import capture"},
		{"parse imports classify", "parse/hello.go", `package parse; import _ "tlsfloor/classify"`, "parse must not import classify"},
		{"classify imports parse", "classify/finding.go", `package classify; import _ "tlsfloor/parse"`, ""},
		{"classify imports capture in a test", "classify/finding_test.go", `package classify; import _ "tlsfloor/capture"`, "classify must not import capture"},
		{"capture imports cmd", "capture/live/live.go", `package live; import _ "tlsfloor/cmd/internal/sensor"`, "capture must not import cmd"},
		{"an encoder imports cmd", "classify/event/native.go", `package event; import _ "tlsfloor/cmd/internal/blind"`, "classify must not import cmd"},
		{"an encoder imports classify", "classify/event/native.go", `package event; import _ "tlsfloor/classify"`, ""},
		{"a reader of events opens them", "classify/event/read.go", `package event; import _ "os"`, "not os"},
		{"cmd imports everything", "cmd/internal/sensor/sensor.go", `package sensor; import (_ "tlsfloor/capture/flow"; _ "tlsfloor/parse"; _ "tlsfloor/classify")`, ""},

		{"gopacket under capture", "capture/file/file.go", `package file; import _ "github.com/google/gopacket/pcapgo"`, ""},
		{"gopacket in cmd", "cmd/tlsfloor/main.go", `package main; import _ "github.com/google/gopacket"`, "is imported in capture only"},
		{"gopacket/pcap in capture/file", "capture/file/file.go", `package file; import _ "github.com/google/gopacket/pcap"`, "is imported in capture/live only"},
		{"gopacket/pcapgo is not gopacket/pcap", "capture/decode/x_test.go", `package decode; import _ "github.com/google/gopacket/pcapgo"`, ""},
		{"ja3 in parse", "parse/hello.go", `package parse; import _ "github.com/dreadl0ck/ja3"`, "is imported in parse/fingerprint only"},
		{"tlsx in parse/fingerprint", "parse/fingerprint/ja3.go", `package fingerprint; import _ "github.com/dreadl0ck/tlsx"`, ""},
		{"cgo in capture/live", "capture/live/live.go", `package live; import "C"`, ""},
		{"cgo elsewhere", "capture/proc/proc.go", `package proc; import "C"`, "C is imported in capture/live and cmd/internal/inherited only"},

		{"a product package imports what is for tests", "capture/file/file.go", `package file; import _ "tlsfloor/capture/testing/wrap"`, "capture/testing/wrap is for tests"},
		{"a test imports what is for tests", "cmd/internal/sensor/x_test.go", `package sensor; import _ "tlsfloor/capture/testing/wrap"`, ""},
		{"what is for tests imports its like", "cmd/internal/testing/standin/x.go", `package standin; import _ "tlsfloor/cmd/internal/testing/wait"`, ""},
		{"a package for tests follows the same rules", "capture/testing/wrap/x.go", `package wrap; import _ "tlsfloor/parse"`, "capture must not import parse"},
		{"a product package imports testing", "cmd/internal/report/x.go", `package report; import _ "testing"`, "testing is for tests"},
		{"a pure package imports testing/iotest", "parse/x.go", `package parse; import _ "testing/iotest"`, "testing/iotest is for tests"},
		{"what is for tests imports testing", "cmd/internal/testing/wait/x.go", `package wait; import _ "testing"`, ""},

		{"parse opens files", "parse/hello.go", `package parse; import _ "os"`, "not os"},
		{"parse logs", "parse/hello.go", `package parse; import _ "log/slog"`, "not log/slog"},
		{"classify dials", "classify/aws/ranges.go", `package aws; import _ "net/http"`, "not net/http"},
		{"classify uses netip", "classify/aws/ranges.go", `package aws; import _ "net/netip"`, ""},
		{"a test of classify opens files", "classify/aws/ranges_test.go", `package aws; import _ "os"`, ""},
		{"capture opens files", "capture/file/file.go", `package file; import _ "os"`, ""},
		{"classify reads the clock", "classify/names/store.go", `package names; import "time"; func f() { _ = time.Now() }`, "not time.Now"},
		{"classify formats a time", "classify/names/store.go", `package names; import "time"; func f() { _ = time.Unix(0, 0) }`, ""},
		{"parse prints", "parse/hello.go", `package parse; import "fmt"; func f() { fmt.Println() }`, "not fmt.Println"},
		{"parse reads a table", "parse/hello.go", `package parse; var table = map[int]int{}; func f() int { return table[1] }`, ""},
		{"parse writes a table", "parse/hello.go", `package parse; var table = map[int]int{}; func f() { table[1] = 2 }`, "table is changed here"},
		{"parse counts", "parse/hello.go", `package parse; var n int; func f() { n++ }`, "n is changed here"},
		{"parse counts in a local of that name", "parse/hello.go", `package parse; var n int; func f() { n := 1; n++ }`, ""},
		{"parse empties a global", "parse/hello.go", `package parse; var table = map[int]int{}; func f() { delete(table, 1) }`, "table is changed here"},
		{"parse points at a global", "parse/hello.go", `package parse; var n struct{ a int }; func f() *int { return &n.a }`, ""},
		{"parse has a pool", "parse/hello.go", `package parse; import "sync"; var pool sync.Pool`, "pool is made to be changed"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			file, err := parseFile(test.file, []byte(test.text))
			if err != nil {
				t.Fatal(err)
			}
			got := check([]source{file})
			switch {
			case test.want == "" && len(got) == 0:
			case test.want != "" && len(got) == 1 && strings.Contains(got[0], test.want):
			default:
				t.Errorf("problems %q, want %q", got, test.want)
			}
		})
	}
}

// A variable may be declared in another file than the one that changes it.
func TestCheckAcrossFiles(t *testing.T) {
	a, err := parseFile("parse/a.go", []byte(`package parse; var table [3]int`))
	if err != nil {
		t.Fatal(err)
	}
	b, err := parseFile("parse/b.go", []byte(`package parse; func f() { table[0]++ }`))
	if err != nil {
		t.Fatal(err)
	}
	if got := check([]source{a, b}); len(got) != 1 {
		t.Errorf("problems %q, want one", got)
	}
}
