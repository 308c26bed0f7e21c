package options

import (
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// The options of Debian's tcpdump 4.99.3, by tcpdump(8). A "=" follows those that take a
// value.
const (
	tcpdumpLetters = "A b B= c= C= d D e E= f F= G= h H i= I j= J K l L m= M= n N # O p Q= q r= S s= T= t u U v V= w= W= x X y= z= Z="
	tcpdumpLong    = "absolute-tcp-sequence-numbers buffer-size= count direction= dont-verify-checksums help immediate-mode interface= " +
		"linktype= list-data-link-types list-interfaces list-time-stamp-types micro monitor-mode nano no-optimize " +
		"no-promiscuous-mode number packet-buffered print relinquish-privileges= snapshot-length= time-stamp-precision= " +
		"time-stamp-type= version"
)

// unlike are options of another meaning or shape here: --count is -c, with a number.
var unlike = map[string]bool{"count": true}

// Every option that hands know from tcpdump is taken, or refused with what to use instead.
func TestTcpdumpsOptions(t *testing.T) {
	f := new(Options).flags()
	for _, word := range strings.Fields(tcpdumpLetters) {
		letter, takes := strings.CutSuffix(word, "=")
		if found := f.ShorthandLookup(letter); found == nil {
			t.Errorf("-%s is not known", letter)
		} else if found != nil && (found.NoOptDefVal == "") != takes {
			t.Errorf("-%s: takes a value: %v", letter, !takes)
		}
	}
	for _, word := range strings.Fields(tcpdumpLong) {
		name, takes := strings.CutSuffix(word, "=")
		if found := f.Lookup(name); found == nil {
			t.Errorf("--%s is not known", name)
		} else if (found.NoOptDefVal == "") != takes && !unlike[name] {
			t.Errorf("--%s: takes a value: %v", name, !takes)
		}
	}
}

// What is refused is refused under each of its names, and says what to use instead.
func TestRefusals(t *testing.T) {
	refused := 0
	for _, h := range habits {
		var typed []string
		if h.letter != "" {
			typed = append(typed, "-"+h.letter)
		}
		if h.name != "" {
			typed = append(typed, "--"+h.name)
		}
		for _, option := range typed {
			args := []string{option}
			if h.takes {
				args = append(args, "x")
			}
			_, err := Parse(append(args, "-r", "x.pcap"))
			if h.instead == "" && err != nil {
				t.Errorf("%s: %v", option, err)
			}
			if h.instead == "" {
				continue
			}
			refused++
			if err == nil || err.Error() != option+": "+h.instead {
				t.Errorf("%s: %v, want %s", option, err, h.instead)
			}
		}
	}
	if refused < 25 {
		t.Errorf("%d are refused", refused)
	}
}

// What is taken without effect changes no other option.
func TestTakenHabitsChangeNothing(t *testing.T) {
	want, err := Parse([]string{"-r", "x.pcap"})
	if err != nil {
		t.Fatal(err)
	}
	got, err := Parse([]string{"-bfHKlnNOpSuU", "-nn", "--immediate-mode", "--print", "--micro", "--time-stamp-precision=micro", "-s", "0", "-r", "x.pcap"})
	if err != nil {
		t.Fatal(err)
	}
	got.parsed.VisitAll(func(f *pflag.Flag) {
		if _, habit := f.Value.(habit); habit || f.Name == "no-promiscuous-mode" {
			return
		}
		if f.Value.String() != want.parsed.Lookup(f.Name).Value.String() {
			t.Errorf("--%s is %s", f.Name, f.Value)
		}
	})
}
