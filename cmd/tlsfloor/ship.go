package main

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
	"tlsfloor/cmd/internal/wording"
)

// shipCommand is the subcommand that delivers what a sensor writes to a journal. A sensor
// with outputs on the network starts it as another process.
const shipCommand = "ship"

// shipperUser is its user if root starts it: it holds secrets that the sensor must not see.
const shipperUser = "tlsfloor-shipper"

const (
	// shipperMemory is the memory limit of the garbage collector, in bytes. An output has a
	// batch of half a megabyte, a few times.
	shipperMemory = 128 << 20
	// acknowledgeWithin is how long deliveries that are under way may take after a signal to
	// end. What comes later is delivered twice.
	acknowledgeWithin = time.Second
	// attendEvery is how often signals are looked at.
	attendEvery = 50 * time.Millisecond
)

// shipping is a run of "tlsfloor ship".
type shipping struct {
	*messages
	options *options.Ship
	shipper *ship.Shipper
	tellers []*connections.Teller
	metrics exporter
	reload  reload
}

// shipEvents is "tlsfloor ship".
func shipEvents(args []string, stdout io.Writer, m *messages) int {
	o, err := options.ParseShip(args)
	if err != nil {
		return m.fail(err)
	}
	if o.Help {
		text := &checkedOutput{to: stdout}
		fmt.Fprint(text, options.ShipUsage())
		return m.finish(exitOK, text)
	}
	m.quiet = o.Quiet
	debug.SetMemoryLimit(shipperMemory)
	s := &shipping{options: o, messages: m}
	if o.Linked {
		return s.runLinked(stdout)
	}
	signals := watchSignals()
	defer signals.close()
	status := make(chan int, 1)
	go func() { status <- s.work(signals, stdout) }()
	select {
	case n := <-status:
		return n
	case <-signals.overdue:
		s.say("ended while something hung; what was not acknowledged is delivered again")
		return exitError
	}
}

// work does the run. shipEvents does not wait for it if it hangs in a system call after a
// signal to end.
func (s *shipping) work(signals *signals, stdout io.Writer) int {
	if err := s.open(stdout, func(line string) { s.say("%s", printable(line)) }); err != nil {
		return s.fail(err)
	}
	s.note("ready: delivering %s to %s", printable(listed(s.options.Inputs)), printable(listed(s.names())))
	signals.onStop(stopper{stop: func() {}, hurry: func() { s.shipper.Stop(acknowledgeWithin) }})
	s.shipper.Start()
	if s.options.Once {
		s.shipper.Finish(0)
	}
	for {
		select {
		case <-s.shipper.Done():
			return s.finish()
		case <-time.After(attendEvery):
			s.attend(signals)
		}
	}
}

// open opens inputs and outputs, and confines the process.
func (s *shipping) open(stdout io.Writer, note func(string)) (err error) {
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
	if uid, gid, ok := s.identity().Heir(); ok && !s.options.NoSandbox {
		heir = ownership.Heir{UID: uid, GID: gid}
	}
	s.shipper, err = ship.Open(ship.Options{
		Heir: heir, Inputs: s.options.Inputs, Outputs: outputs, State: s.options.State,
		Stdout: stdout, Mask: s.mask, Note: note, Dialer: &transport.Dialer{Connected: s.tell},
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
		if step.Weakens() || (step.Degraded || s.options.Verbose > 0) && !s.quiet {
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
	attack("shipper")
	return s.checkReadable()
}

// identity is the user to become. Without --user, and if a sensor has started it, it is the
// shipper's own, in the group of the sensor's.
func (s *shipping) identity() confine.Options {
	if s.options.Linked {
		return confine.Options{User: s.options.User, Own: shipperUser, Join: true}
	}
	if s.options.User != "" {
		return confine.Options{User: s.options.User}
	}
	return confine.Options{Own: shipperUser, Join: true}
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
func (s *shipping) attend(signals *signals) {
	if signals.reloadWanted() {
		s.reload.start(s.shipper.Reopen)
	}
	if err := s.reload.poll(s.shipper.Reopen); err != nil {
		s.reloadFailed(err)
	}
	if signals.statsWanted() {
		s.sayCounts()
	}
	s.exportMetrics(false)
}

func (s *shipping) exportMetrics(end bool) {
	if s.options.Metrics != "" && s.metrics.isDue(s.messages, end) {
		outputs := s.shipper.Stats()
		s.metrics.write(s.messages, end, func() error { return metrics.WriteShipped(s.options.Metrics, outputs) })
	}
}

// finish closes everything, and returns the exit status.
func (s *shipping) finish() int {
	s.exportMetrics(true)
	err := s.shipper.Close()
	if !s.quiet {
		s.sayCounts()
	}
	if err != nil && !errors.Is(err, syscall.EPIPE) { // a reader that closes early, like head, is not an error
		for line := range strings.Lines(err.Error()) {
			s.trouble(errors.New(strings.TrimSuffix(line, "\n")))
		}
	}
	if s.failed {
		return exitError
	}
	return exitOK
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
			text += "; the last attempt failed: " + printable(strings.ReplaceAll(o.Failure, "\n", "; "))
		}
		s.say("%s: %s", printable(o.Name), text)
	}
}
