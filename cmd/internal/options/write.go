package options

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"tlsfloor/cmd/internal/emit/config"
)

func (o *Options) keeping(f *pflag.FlagSet) {
	f.StringVarP(&o.Write, "write", "w", "", "write the packets of flagged flows to this `file` (pcapng), each flow with its verdict as a comment; \"-\" is standard output, and events are then written only where -o says")
	f.IntVarP(&o.rotate, "rotate-seconds", "G", 0, "begin a new file of packets every so many `seconds`; its name is made of -w as strftime(3) does: -w old-%Y%m%d%H%M%S.pcapng")
}

// OutputConfigs parses --output. The defaults are those of --format, --emit and --spool.
// Where nothing says otherwise, standard output gets text if it is a terminal.
func (o *Options) OutputConfigs(terminal bool) ([]config.Config, error) {
	selection, err := config.ParseSelection(o.Emit)
	if err != nil {
		return nil, err
	}
	specs := o.Outputs
	if len(specs) == 0 && o.Write != "-" {
		specs = []string{"stdout"}
	}
	var configs []config.Config
	for _, spec := range specs {
		c, err := config.Parse(spec, config.Defaults{Format: o.formatFor(terminal), Emit: selection, Spool: o.spool})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", o.Typed("output"), err)
		}
		if o.Write == "-" && c.IsStdout() {
			return nil, fmt.Errorf("%s %s: standard output has the packets (%s -): send events elsewhere", o.Typed("output"), spec, o.Typed("write"))
		}
		configs = append(configs, c)
	}
	return configs, nil
}

// maxRotate bounds -G, in seconds: ten years.
const maxRotate = 10 * 366 * 24 * 3600

// checkWrite checks -w and -G.
func (o *Options) checkWrite() error {
	write, rotate := o.Typed("write"), o.Typed("rotate-seconds")
	folder, name := filepath.Split(o.Write)
	switch {
	case o.rotate < 0 || o.rotate > maxRotate:
		return fmt.Errorf("%s %d: must be from 0 (never) to %d seconds", rotate, o.rotate, maxRotate)
	case o.rotate == 0:
		return nil
	case o.Write == "":
		return fmt.Errorf("%s goes with -w: it begins a new file of packets every so many seconds", rotate)
	case o.Write == "-":
		return fmt.Errorf("%s does not go with %s -: standard output is one file", rotate, write)
	case strings.Contains(folder, "%"):
		return fmt.Errorf("%s %s: only the name of the file can have a time, not its folder", write, o.Write)
	case !strings.Contains(strings.ReplaceAll(name, "%%", ""), "%"):
		return fmt.Errorf("%s %d: each file would overwrite the one before: put the time into its name, as in %s old-%%Y%%m%%d%%H%%M%%S.pcapng",
			rotate, o.rotate, write)
	}
	return nil
}

// Rotate is how long packets go to one file; 0: always.
func (o *Options) Rotate() time.Duration { return time.Duration(o.rotate) * time.Second }

// errTerminal: binary data must not reach a terminal.
var errTerminal = errors.New("standard output is a terminal: redirect it to a file, or into a program such as wireshark -k -i -")

// CheckTerminal returns an error if packets would go to a terminal.
func (o *Options) CheckTerminal(isTerminal bool) error {
	if o.Write == "-" && isTerminal {
		return fmt.Errorf("%s -: %w", o.Typed("write"), errTerminal)
	}
	return nil
}
