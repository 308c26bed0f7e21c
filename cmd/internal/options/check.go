package options

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"tlsfloor/capture/live"
	"tlsfloor/classify/event"
	"tlsfloor/classify/event/lines"
	"tlsfloor/cmd/internal/memory"
)

// defaultRing is the largest ring without --buffer-size, in bytes.
const defaultRing = live.DefaultBufferBytes

// maxWorkers bounds --workers, because each needs a share of --memory.
const maxWorkers = 32

// The bounds of --snapshot-length, in bytes. libpcap has the same maximum.
const minSnaplen, maxSnaplen = 64, 262144

func (o *Options) check() error {
	tunnels := func() error { _, err := o.trust(); return err }
	for _, check := range []func() error{
		o.checkTogether, o.checkWords, o.checkNumbers, o.checkFailOn, o.checkWrite, o.Budget().Check, tunnels, o.checkPorts,
	} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// checkTogether checks which options there are, and which go together.
func (o *Options) checkTogether() error {
	captures := len(o.Files)+len(o.Lists) > 0
	switch {
	case !captures && !o.Live():
		return errors.New("nothing to watch: give an interface (-i eth0) or a capture (-r file.pcap); --help lists the options")
	case captures && o.Live():
		return errors.New("-i does not go with -r or -V: watch an interface, or read captures")
	case o.Promiscuous && o.noPromiscuous:
		return fmt.Errorf("--promiscuous and %s do not go together", o.Typed("no-promiscuous-mode"))
	case o.json && o.parsed.Changed("format") && o.format != "native":
		return fmt.Errorf("--json and --format %s do not go together", o.format)
	case o.NoSandbox && o.RequireSandbox:
		return errors.New("--no-sandbox and --require-sandbox do not go together")
	case o.Process && !o.Live():
		return errors.New("--process goes with -i: the processes of a capture are long gone")
	case o.flagAddresses && o.Ranges == "":
		return errors.New("--flag-addresses needs --aws-ip-ranges")
	}
	return nil
}

// checkWords checks options whose values are words.
func (o *Options) checkWords() error {
	switch _, err := lines.ParseFormat(o.format, event.Sensor{}, lines.Style{}); {
	case err != nil:
		return fmt.Errorf("--format %s: must be one of %s", o.format, lines.Names)
	case !slices.Contains([]string{"flagged", "aws", "all"}, o.Emit):
		return fmt.Errorf("--emit %s: must be flagged, aws or all", o.Emit)
	case !slices.Contains([]string{"1.2", "1.3"}, o.minVersion):
		return fmt.Errorf("--min-version %s: must be 1.2 or 1.3", o.minVersion)
	}
	return nil
}

// checkNumbers checks the ranges of numbers.
func (o *Options) checkNumbers() error {
	switch {
	case o.times == 3 || o.times > 4:
		return fmt.Errorf("-%s: times are not written as differences: -tt writes seconds, and the difference is easily taken", strings.Repeat("t", min(o.times, 5)))
	case o.Snaplen < minSnaplen || o.Snaplen > maxSnaplen:
		return fmt.Errorf("%s %d: must be from %d to %d bytes", o.Typed("snapshot-length"), o.Snaplen, minSnaplen, maxSnaplen)
	case o.buffer != 0 && o.buffer < 64 || o.buffer > 2<<20:
		return fmt.Errorf("%s %d: must be from 64 to 2097152 KiB", o.Typed("buffer-size"), o.buffer)
	case o.Workers < 1 || o.Workers > maxWorkers:
		return fmt.Errorf("--workers %d: must be from 1 to %d", o.Workers, maxWorkers)
	case o.StatsEvery < 0 || o.StatsEvery > 0 && o.StatsEvery < time.Second:
		return fmt.Errorf("--stats-every %s: must be a second or more", o.StatsEvery)
	case o.Every < 0 || o.parsed.Changed("every") && o.Every < time.Second:
		return fmt.Errorf("--every %s: must be a second or more", o.Every)
	case o.memory < 64 || o.memory > 1<<20:
		return fmt.Errorf("--memory %d: must be from 64 to 1048576 MiB", o.memory)
	}
	return nil
}

// checkEmpty refuses options with an empty value, which a variable of a shell may be: who
// types --fail-on "$WHEN" does not mean never.
func (o *Options) checkEmpty() (err error) {
	o.parsed.Visit(func(f *pflag.Flag) {
		values := []string{f.Value.String()}
		switch list := f.Value.(type) {
		case pflag.SliceValue:
			values = list.GetSlice()
		default:
			if f.Value.Type() != "string" {
				return
			}
		}
		_, taken := f.Value.(habit)
		if taken || f.Name == "tunnels" { // which has its own words for it
			return
		}
		if err == nil && (len(values) == 0 || slices.Contains(values, "")) {
			err = fmt.Errorf("%s: its value is empty", o.Typed(f.Name))
		}
	})
	return err
}

func (o *Options) checkFailOn() error {
	for _, on := range o.failOn {
		if !slices.Contains([]string{"violation", "attempt", "blind"}, on) {
			return fmt.Errorf("--fail-on %s: must be violation, attempt or blind", on)
		}
	}
	return nil
}

// FailsOn reports whether --fail-on contains on.
func (o *Options) FailsOn(on string) bool { return slices.Contains(o.failOn, on) }

func (o *Options) checkPorts() error {
	for _, p := range o.vxlan {
		if p == 0 || p > 65535 {
			return fmt.Errorf("--vxlan-port %d: must be from 1 to 65535", p)
		}
	}
	return nil
}

// Ring returns the size of each interface's ring, and the memory of all interfaces, in
// bytes.
func (o *Options) Ring() (each, all int64, err error) {
	n, b := int64(len(o.Interfaces)), o.Budget()
	each = min(b.UsualInput()/n, defaultRing)
	if o.buffer != 0 {
		each = int64(o.buffer) << 10
	}
	beside := live.Beside(len(o.Interfaces))
	if all = n*each + beside; all <= b.MostInput() {
		return each, all, nil
	}
	if o.buffer == 0 { // the rings grow with the memory
		return 0, 0, fmt.Errorf("%d interfaces need --memory %d or more", n, b.ForRings(beside))
	}
	return 0, 0, fmt.Errorf("%s %d: the buffers of %d interfaces take %d MiB, which leaves too little of --memory %d: give --memory %d, or a smaller buffer",
		o.Typed("buffer-size"), o.buffer, n, memory.Mebibytes(all), o.memory, b.For(all))
}
