package main

import (
	"strings"
	"testing"
)

// The output of "go test -json" for a package with a test of each kind, a build that
// fails, and a process that ends during a test.
const output = `{"Action":"start","Package":"tlsfloor/a"}
{"Action":"run","Package":"tlsfloor/a","Test":"TestGood"}
{"Action":"output","Package":"tlsfloor/a","Test":"TestGood","Output":"=== RUN   TestGood\n"}
{"Action":"output","Package":"tlsfloor/a","Test":"TestGood","Output":"    a_test.go:1: nobody wants to know\n"}
{"Action":"output","Package":"tlsfloor/a","Test":"TestGood","Output":"--- PASS: TestGood (0.00s)\n"}
{"Action":"pass","Package":"tlsfloor/a","Test":"TestGood","Elapsed":0}
{"Action":"output","Package":"tlsfloor/a","Test":"TestBad","Output":"=== RUN   TestBad\n"}
{"Action":"output","Package":"tlsfloor/a","Test":"TestBad","Output":"    a_test.go:2: is bad\n"}
{"Action":"fail","Package":"tlsfloor/a","Test":"TestBad","Elapsed":0}
{"Action":"output","Package":"tlsfloor/a","Test":"TestRoot","Output":"    a_test.go:3: before\n"}
{"Action":"output","Package":"tlsfloor/a","Test":"TestRoot","Output":"    helpers_test.go:4: needs root\n"}
{"Action":"output","Package":"tlsfloor/a","Test":"TestRoot","Output":"--- SKIP: TestRoot (0.00s)\n"}
{"Action":"skip","Package":"tlsfloor/a","Test":"TestRoot","Elapsed":0}
{"Action":"output","Package":"tlsfloor/a","Test":"TestMany/one","Output":"        a_test.go:5: needs root\n"}
{"Action":"skip","Package":"tlsfloor/a","Test":"TestMany/one","Elapsed":0}
{"Action":"skip","Package":"tlsfloor/a","Test":"TestSilent","Elapsed":0}
{"Action":"output","Package":"tlsfloor/a","Output":"FAIL\ttlsfloor/a\t0.01s\n"}
{"Action":"fail","Package":"tlsfloor/a","Elapsed":0.01}
{"ImportPath":"tlsfloor/b","Action":"build-output","Output":"b/b.go:1:1: syntax error\n"}
{"ImportPath":"tlsfloor/b","Action":"build-fail"}
{"Action":"output","Package":"tlsfloor/b","Output":"FAIL\ttlsfloor/b [build failed]\n"}
{"Action":"fail","Package":"tlsfloor/b","Elapsed":0,"FailedBuild":"tlsfloor/b"}
{"Action":"output","Package":"tlsfloor/c","Test":"TestExits","Output":"said before the end\n"}
{"Action":"output","Package":"tlsfloor/c","Output":"exit status 1\n"}
{"Action":"fail","Package":"tlsfloor/c","Elapsed":0}
{"Action":"output","Package":"tlsfloor/d","Output":"PASS\n"}
{"Action":"output","Package":"tlsfloor/d","Output":"ok  \ttlsfloor/d\t0.01s\n"}
{"Action":"pass","Package":"tlsfloor/d","Elapsed":0}
written past the testing package
`

const printed = `    a_test.go:2: is bad
FAIL	tlsfloor/a	0.01s
b/b.go:1:1: syntax error
FAIL	tlsfloor/b [build failed]
exit status 1
said before the end
ok  	tlsfloor/d	0.01s
written past the testing package
tests: 1 passed, 1 failed, 3 skipped
skipped    2: needs root
              a: TestMany/one TestRoot
skipped    1: no reason is given
              a: TestSilent
`

func TestSummary(t *testing.T) {
	for _, verbose := range []bool{false, true} {
		var out strings.Builder
		r := newResults(&out, verbose)
		if err := r.read(strings.NewReader(output)); err != nil {
			t.Fatal(err)
		}
		r.summarise()
		if got := out.String(); !verbose && got != printed {
			t.Errorf("printed\n%s\nwant\n%s", got, printed)
		} else if verbose && (!strings.Contains(got, "nobody wants to know") || strings.Count(got, "is bad") != 1) {
			t.Errorf("with -v, printed\n%s", got)
		}
	}
}
