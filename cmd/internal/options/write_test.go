package options

import (
	"strings"
	"testing"
	"time"
)

func TestWriteOptions(t *testing.T) {
	for args, want := range map[string]string{
		"-w x.pcapng":                          "",
		"-w -":                                 "",
		"-w - -o file:events":                  "",
		"-w %d%H -G 60":                        "",
		"-w 100%%-%s -G 60":                    "",
		"-w x%d -G 0":                          "",
		"-w x%d":                               "",
		"--write=":                             "--write: its value is empty",
		"-w x%d -G -1":                         "-G -1: must be from 0 (never) to 316224000 seconds",
		"-w x%d -G 1h":                         "-G 1h: must be a whole number",
		"-G 60":                                "-G goes with -w: it begins a new file of packets every so many seconds",
		"--write - -G 60":                      "-G does not go with --write -: standard output is one file",
		"-w %Y/x-%d -G 60":                     "-w %Y/x-%d: only the name of the file can have a time, not its folder",
		"-w x.pcapng --rotate-seconds 60":      "--rotate-seconds 60: each file would overwrite the one before: put the time into its name, as in -w old-%Y%m%d%H%M%S.pcapng",
		"-w 100%%.pcapng -G 60":                "-G 60: each file would overwrite the one before",
		"-w - -o stdout":                       "-o stdout: standard output has the packets (-w -): send events elsewhere",
		"-w - -o file:x --output -?format=ecs": "--output -?format=ecs: standard output has the packets",
	} {
		o, err := Parse(append([]string{"-i", "lo"}, strings.Fields(args)...))
		if err == nil {
			_, err = o.OutputConfigs(false)
		}
		if want == "" && err != nil || want != "" && (err == nil || !strings.HasPrefix(err.Error(), want)) {
			t.Errorf("%s: %v", args, err)
		}
	}
}

// With packets on standard output, events have only the outputs that are named.
func TestStandardOutputHasPackets(t *testing.T) {
	for args, want := range map[string]int{"": 1, "-w x": 1, "-w -": 0, "-w - -o file:x": 1} {
		o, err := Parse(append([]string{"-i", "lo", "-q"}, strings.Fields(args)...))
		if err != nil {
			t.Fatal(err)
		}
		if configs, err := o.OutputConfigs(false); err != nil || len(configs) != want {
			t.Errorf("%s: %d outputs, %v", args, len(configs), err)
		}
		if err := o.CheckTerminal(true); (err != nil) != strings.Contains(args, "-w -") || o.CheckTerminal(false) != nil {
			t.Errorf("%s, on a terminal: %v", args, err)
		}
		if o.Budget().Packets != strings.Contains(args, "-w") {
			t.Errorf("%s: memory for packets: %v", args, o.Budget().Packets)
		}
	}
	if o, err := Parse([]string{"-i", "lo", "-w", "%s", "-G", "90"}); err != nil || o.Rotate() != 90*time.Second {
		t.Error(err)
	}
}
