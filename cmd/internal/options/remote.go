package options

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"tlsfloor/cmd/internal/emit/config"
)

// Remote is the outputs of a run that another process delivers to.
type Remote struct {
	Outputs []config.Config
	// Spool is the folder for the journal that they share; Chosen: the user has named it.
	Spool  string
	Chosen bool

	specs   []string // as they were typed
	options *Options
}

// Remote returns the outputs that are not local; nil: there are none.
func (o *Options) Remote() (*Remote, error) {
	all, err := o.OutputConfigs(false)
	if err != nil {
		return nil, err
	}
	r := &Remote{options: o}
	for i, c := range all {
		if c.IsLocal() {
			continue
		}
		if r.Spool != "" && c.Spool != r.Spool {
			return nil, fmt.Errorf("%s: outputs on the network share one journal: name its folder once, with --spool", o.Typed("output"))
		}
		r.Outputs, r.specs, r.Spool, r.Chosen = append(r.Outputs, c), append(r.specs, o.Outputs[i]), c.Spool, c.Spool != ""
	}
	if r.Outputs == nil {
		return nil, nil
	}
	if !r.Chosen {
		r.Spool, err = defaultSpool()
	}
	return r, err
}

// defaultSpool is the folder for events that wait: that of root, of a service, or of a
// user (XDG Base Directory Specification).
func defaultSpool() (string, error) {
	const name = "tlsfloor"
	if os.Geteuid() == 0 {
		return filepath.Join("/var/spool", name), nil
	}
	if state := os.Getenv("STATE_DIRECTORY"); state != "" { // of systemd
		first, _, _ := strings.Cut(state, ":")
		return first, nil
	}
	if state := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(state) {
		return filepath.Join(state, name), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", errors.New("there is no home folder in which events can wait: name a folder, with --spool")
	}
	return filepath.Join(home, ".local", "state", name), nil
}

// ShipArgs are the arguments of "tlsfloor ship" for these outputs.
func (r *Remote) ShipArgs(journal string) []string {
	o := r.options
	args := []string{"--linked", "--emit", o.Emit, "--format", o.format}
	for _, spec := range r.specs {
		args = append(args, "--to", config.WithoutSpool(spec))
	}
	if o.User != "" {
		args = append(args, "--user", o.User)
	}
	for name, set := range map[string]bool{"--no-sandbox": o.NoSandbox, "--require-sandbox": o.RequireSandbox, "--quiet": o.Quiet} {
		if set {
			args = append(args, name)
		}
	}
	for range o.Verbose {
		args = append(args, "-v")
	}
	return append(args, "--", journal)
}
