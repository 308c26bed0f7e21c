package live

import (
	"errors"
	"math"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"tlsfloor/capture"
)

func TestLinkType(t *testing.T) {
	tests := []struct {
		dlt  uint8
		goos string
		want capture.LinkType
	}{
		{1, "linux", capture.LinkEthernet},
		{113, "linux", capture.LinkLinuxSLL},
		{276 & 0xff, "linux", capture.LinkLinuxSLL2},
		{12, "linux", capture.LinkRaw},
		{12, "darwin", capture.LinkRaw},
		{0, "darwin", capture.LinkNull},
		{12, "openbsd", capture.LinkLoop},
		{14, "openbsd", capture.LinkRaw},
		{108, "freebsd", capture.LinkLoop},
		{127, "linux", capture.LinkRadiotap},
	}
	for _, test := range tests {
		if got := linkType(test.dlt, test.goos); got != test.want {
			t.Errorf("%d on %s is %v, want %v", test.dlt, test.goos, got, test.want)
		}
	}
}

func TestSince(t *testing.T) {
	tests := map[string]struct {
		before, now int
		want        uint64
	}{
		"nothing":          {5, 5, 0},
		"some":             {5, 12, 7},
		"over 32 bits":     {math.MaxUint32, 4, 5},
		"a step back":      {100, 0, 0},
		"negative, signed": {-1, 4, 5},
	}
	for name, test := range tests {
		if got := since(test.before, test.now); got != test.want {
			t.Errorf("%s: %d, want %d", name, got, test.want)
		}
	}
}

func TestInterfaces(t *testing.T) {
	all, err := Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range all {
		if i.Loopback && i.Up {
			if !slices.Contains(i.Addresses, netip.MustParseAddr("127.0.0.1")) {
				t.Errorf("the addresses of %s are %v", i.Name, i.Addresses)
			}
			return
		}
	}
	t.Skipf("no loopback interface that is up among %+v", all)
}

func TestOpenErrors(t *testing.T) {
	if _, err := Open(Options{}); !errors.Is(err, errNoneNamed) {
		t.Errorf("without an interface: %v", err)
	}
	_, err := Open(Options{Interfaces: []string{"nosuch0"}})
	var input *capture.InputError
	if !errors.Is(err, errNoInterface) || !errors.As(err, &input) || input.Name != "nosuch0" {
		t.Fatalf("no such interface: %v", err)
	}
	all, err2 := Interfaces()
	if err2 != nil || len(all) == 0 {
		t.Skipf("no interfaces to be named: %v", err2)
	}
	var up []string
	for _, i := range all {
		if i.Up {
			up = append(up, i.Name)
		}
	}
	if want := "nosuch0: no such interface; there are: " + strings.Join(up, ", "); err.Error() != want {
		t.Errorf("the text is %q, want %q", err, want)
	}
}

func TestExplain(t *testing.T) {
	tests := map[string]error{
		activatePermission:        errPermission,
		activatePromiscPermission: errPermission,
		activateNoDevice:          errNoInterface,
		activateNotUp:             ErrDown,
		activatePromiscuous:       errPromiscuous,
	}
	for text, want := range tests {
		name := "lo"
		if !exists(name) {
			name = "lo0"
		}
		if err := explain(name, errors.New(text)); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", text, err, want)
		}
	}
	if err := explain("nosuch0", errors.New(activatePermission)); !errors.Is(err, errNoInterface) {
		t.Errorf("no permission for an interface that is not there: %v", err)
	}
	if err := explain("lo", errors.New("Error: it rains")); err.Error() != "it rains" {
		t.Errorf("something else: %v", err)
	}
}
