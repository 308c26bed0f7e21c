package main

import (
	"fmt"
	"io"

	"tlsfloor/classify/event"
	"tlsfloor/cmd/internal/emit/sink"
)

// outputConfigs reads --output. What an output does not say itself comes from
// --format, --emit and --spool.
func (o *options) outputConfigs() ([]sink.Config, error) {
	selection, err := sink.ParseSelection(o.emit)
	if err != nil {
		return nil, err
	}
	specs := o.outputs
	if len(specs) == 0 {
		specs = []string{"stdout"}
	}
	var configs []sink.Config
	for _, spec := range specs {
		c, err := sink.Parse(spec, sink.Defaults{Format: o.format, Emit: selection, Spool: o.spool})
		if err != nil {
			return nil, fmt.Errorf("--output: %w", err)
		}
		configs = append(configs, c)
	}
	return configs, nil
}

func (w *watcher) openOutputs(configs []sink.Config, stdout io.Writer) (*sink.Set, error) {
	return sink.Open(configs, sink.Options{
		Live:   w.live(),
		Inline: !w.live() && w.options.workers == 1,
		Sensor: event.Sensor{Host: w.options.sensorName(), Version: version(), Live: w.live()},
		Stdout: stdout, Mask: w.mask, Memory: int(w.shares.output),
		Note: func(line string) { w.note("%s", printable(line)) },
	})
}

// live reports whether packets come from interfaces, and do not wait.
func (w *watcher) live() bool { return len(w.options.interfaces) > 0 }
