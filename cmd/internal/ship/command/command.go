package command

import (
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"

	"tlsfloor/cmd/internal/confine"
	"tlsfloor/cmd/internal/connections"
	"tlsfloor/cmd/internal/emit/ownership"
	"tlsfloor/cmd/internal/emit/transport"
	"tlsfloor/cmd/internal/metrics"
	"tlsfloor/cmd/internal/options"
	"tlsfloor/cmd/internal/ship"
	"tlsfloor/cmd/internal/signals"
	"tlsfloor/cmd/internal/wording"
)

// ownUser is the user of the process if root starts it: it holds secrets that the sensor
// must not see.
const ownUser = "tlsfloor-shipper"

const (
	// memoryLimit is that of the garbage collector, in bytes. An output has a batch of half
	// a megabyte, a few times.
	memoryLimit = 128 << 20
	// acknowledgeWithin is how long deliveries that are under way may take after a signal to
	// end. What comes later is delivered twice.
	acknowledgeWithin = time.Second
	// attendEvery is how often signals are looked at.
	attendEvery = 50 * time.Millisecond
)

// Command is one call of the command.
type Command struct {
	Stdout io.Writer
	// Mask hides secrets in messages. It is to be that of what Say, Note and Report write.
	Mask *transport.Mask
	// Say writes a message for the user, and Note one that -q suppresses.
	Say, Note func(line string)
	// Report writes an error.
	Report func(error)
	// Confined is called when the process has dropped its privileges.
	Confined func()
}

// shipping is a run.
type shipping struct {
	*Command
	options *options.Ship
	shipper *ship.Shipper
	tellers []*connections.Teller
	metrics metrics.Exporter
	reload  signals.Reload
}

// Run delivers, and reports whether all went well. What did not is reported, also to a
// sensor that has started the process.
func (c *Command) Run(o *options.Ship) bool {
	debug.SetMemoryLimit(memoryLimit)
	r := &shipping{Command: c, options: o}
	if o.Linked {
		return r.runLinked()
	}
	s := signals.Watch()
	defer s.Close()
	status := make(chan bool, 1)
	go func() { status <- r.work(s) }()
	select {
	case ok := <-status:
		return ok
	case <-s.Overdue():
		c.Say("ended while something hung; what was not acknowledged is delivered again")
		return false
	}
}

// fail reports an error that ends the run.
func (s *shipping) fail(err error) (ok bool) {
	s.Report(err)
	return false
}

// work does the run. Run does not wait for it if it hangs in a system call after a signal
// to end.
func (s *shipping) work(asked *signals.Signals) (ok bool) {
	if err := s.open(s.Say); err != nil {
		return s.fail(err)
	}
	s.Note("ready: delivering " + wording.List(s.options.Inputs) + " to " + wording.List(s.names()))
	asked.OnStop(signals.Stopper{Stop: func() {}, Hurry: func() { s.shipper.Stop(acknowledgeWithin) }})
	s.shipper.Start()
	if s.options.Once {
		s.shipper.Finish(0)
	}
	for {
		select {
		case <-s.shipper.Done():
			return s.finish()
		case <-time.After(attendEvery):
			s.attend(asked)
		}
	}
}

// open opens inputs and outputs, and confines the process.
func (s *shipping) open(note func(string)) (err error) {
	outputs, err := s.options.Outputs()
	if err != nil {
		return err
	}
	for _, input := range s.options.Inputs {
		if err := s.openInput(input); err != nil {
			return err
		}
	}
	var heir ownership.Heir
	if !s.options.NoSandbox {
		heir = s.identity().Heir()
	}
	s.shipper, err = ship.Open(ship.Options{
		Heir: heir, Inputs: s.options.Inputs, Outputs: outputs, State: s.options.State,
		Stdout: s.Stdout, Mask: s.Mask, Note: note, Dialer: &transport.Dialer{Connected: s.tell},
	})
	if err != nil {
		return fmt.Errorf("ship: %w", err)
	}
	return s.confine(note)
}

// openInput looks at an input, and prepares to tell its sensor about connections.
func (s *shipping) openInput(input string) error {
	if err := ship.CheckInput(input); err != nil {
		return fmt.Errorf("ship: %w", err)
	}
	if !ship.IsJournal(input) {
		if s.options.State == "" && !s.options.Once {
			return fmt.Errorf("ship: %s: give a folder with --state for the place in it, or deliver what is there --once", input)
		}
		return nil
	}
	teller, err := connections.NewTeller(input)
	s.tellers = append(s.tellers, teller)
	return err
}

// tell tells the sensors of journals that a connection is tlsfloor's own. Without a sensor
// there is nobody to be told.
func (s *shipping) tell(conn net.Conn) {
	local, ok := conn.LocalAddr().(*net.TCPAddr)
	remote, ok2 := conn.RemoteAddr().(*net.TCPAddr)
	if !ok || !ok2 {
		return
	}
	for _, t := range s.tellers {
		_ = t.Tell(local.AddrPort(), remote.AddrPort())
	}
}

func (s *shipping) names() (names []string) {
	for _, o := range s.shipper.Stats() {
		names = append(names, o.Name)
	}
	return names
}

// confine drops the privileges that the run does not need. note is called with what a
// person should know.
func (s *shipping) confine(note func(string)) error {
	if s.options.NoSandbox {
		return nil
	}
	steps, err := confine.Apply(s.needs())
	for _, step := range steps {
		if step.Weakens() || (step.Degraded || s.options.Verbose > 0) && !s.options.Quiet {
			note("sandbox: " + step.String())
		}
	}
	var user *confine.UserError
	switch {
	case errors.As(err, &user):
		return fmt.Errorf("ship: --user %s: %w", user.User, user.Err)
	case err != nil:
		return err
	}
	s.Confined()
	return s.checkReadable()
}

// identity is the user to become. Without --user, and if a sensor has started it, it is the
// shipper's own, in the group of the sensor's.
func (s *shipping) identity() confine.Options {
	if s.options.Linked {
		return confine.Options{User: s.options.User, Own: ownUser, Join: true}
	}
	if s.options.User != "" {
		return confine.Options{User: s.options.User}
	}
	return confine.Options{Own: ownUser, Join: true}
}

// needs returns what is read, and connected to.
func (s *shipping) needs() confine.Options {
	n := s.shipper.Needs()
	o := s.identity()
	o.Require, o.Child = s.options.RequireSandbox, s.options.Linked
	o.ReadPaths, o.ReloadPaths, o.WritePaths, o.WriteOpen, o.Resolve = s.folders(), n.Read, n.Write, true, n.Network
	told := false
	for _, p := range n.Ports {
		o.Connect = append(o.Connect, confine.Endpoint{Network: p.Network, Port: p.Number})
		told = told || p.Network == "tcp"
	}
	for _, path := range n.Sockets {
		o.Connect = append(o.Connect, confine.Endpoint{Network: "unix", Path: path})
	}
	for _, input := range s.options.Inputs {
		if told && ship.IsJournal(input) {
			o.Connect = append(o.Connect, confine.Endpoint{Network: "unix", Path: filepath.Join(input, connections.Name)})
		}
	}
	if s.options.Metrics != "" {
		o.WritePaths, o.Publish = append(o.WritePaths, s.options.Metrics), true
	}
	slices.Sort(o.WritePaths)
	o.WritePaths = slices.Compact(o.WritePaths)
	return o
}

// folders are those that have the inputs: a file may be rotated.
func (s *shipping) folders() (folders []string) {
	for _, input := range s.options.Inputs {
		if !ship.IsJournal(input) {
			input = filepath.Dir(input)
		}
		folders = append(folders, input)
	}
	return folders
}

// attend does what signals ask for, and writes the counts when they are due.
func (s *shipping) attend(asked *signals.Signals) {
	if asked.ReloadWanted() {
		s.reload.Start(s.shipper.Reopen)
	}
	if err := s.reload.Poll(s.shipper.Reopen); err != nil {
		s.Say(signals.Failed(err))
	}
	if asked.StatsWanted() {
		s.sayCounts()
	}
	s.exportMetrics(false)
}

func (s *shipping) exportMetrics(end bool) {
	if s.options.Metrics != "" && s.metrics.IsDue(end, s.Say) {
		outputs := s.shipper.Stats()
		s.metrics.Write(end, s.Say, func() error { return metrics.WriteShipped(s.options.Metrics, outputs) })
	}
}

// finish closes everything.
func (s *shipping) finish() (ok bool) {
	s.exportMetrics(true)
	err := s.shipper.Close()
	if !s.options.Quiet {
		s.sayCounts()
	}
	if err == nil || errors.Is(err, syscall.EPIPE) { // a reader that closes early, like head, is not an error
		return true
	}
	for line := range strings.Lines(err.Error()) {
		s.Report(errors.New(strings.TrimSuffix(line, "\n")))
	}
	return false
}

// sayCounts writes what each output has done.
func (s *shipping) sayCounts() {
	for _, o := range s.shipper.Stats() {
		text := wording.Count(o.Sent, "event*") + " delivered"
		if o.Refused > 0 {
			text += fmt.Sprintf(", %d refused", o.Refused)
		}
		if o.Lost > 0 {
			text += fmt.Sprintf(", %d lost", o.Lost)
		}
		if o.Failure != "" {
			text += "; the last attempt failed: " + strings.ReplaceAll(o.Failure, "\n", "; ")
		}
		s.Say(o.Name + ": " + text)
	}
}
