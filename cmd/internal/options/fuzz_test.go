package options

import (
	"strings"
	"testing"
)

// Whatever is typed, there are options or an error: of one line, in our own words, and for
// an option that was typed.
func FuzzParse(f *testing.F) {
	for _, line := range []string{
		"-i lo", "-r x.pcap --emit all", "-nnvvXs 0", "-s x -r x", "--stats-every 5 -r x", "-c -1 -r x", "-B 99999999999999999999 -i lo",
		"--vxlan-port 1,b -r x", "--fail-on \" -r x", "--tunnels own,10.0.0.0/33 -i lo", "-ttttt -r x", "--json=maybe -r x", "-qs", "--", "-", "--=", "-=",
		"-w %Y -G 5 -i lo", "-r x -- -y", "--top all -r x", "--time-stamp-precision nano", "-o stdout?format=csv -r x", "--format text --json -r x",
	} {
		f.Add(strings.ReplaceAll(line, " ", "\x00"))
	}
	f.Fuzz(func(t *testing.T, line string) {
		o, err := Parse(strings.Split(line, "\x00"))
		if err == nil && !o.Help && !o.Version && !o.List {
			_, err = o.OutputConfigs(true)
			o.Style(true)
			o.Budget()
		}
		if err == nil {
			return
		}
		for _, word := range []string{"strconv", "parsing", "time: ", "flag syntax", "flag needs"} {
			if strings.Contains(err.Error(), word) && !strings.Contains(line, word) {
				t.Errorf("%q: %q has the words of Go's library", line, err)
			}
		}
		if err.Error() == "" || !strings.Contains(line, "\n") && strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %q", line, err)
		}
	})
}
