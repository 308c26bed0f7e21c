package main

import (
	"fmt"
	"io"

	"tlsfloor/cmd/internal/connections"
	"tlsfloor/cmd/internal/delivery"
	"tlsfloor/cmd/internal/emit/config"
	"tlsfloor/cmd/internal/options"
	"tlsfloor/cmd/internal/ship/command"
)

// shipCommand is the subcommand that delivers what a sensor writes to a journal. A sensor
// with outputs on the network starts it as another process.
const shipCommand = "ship"

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
	c := &command.Command{
		Stdout: stdout, Mask: m.mask, Say: m.sayLine, Note: m.noteLine, Report: m.trouble,
		Confined: func() { attack("shipper") },
	}
	if !c.Run(o) {
		return exitError
	}
	return exitOK
}

// startShipper has another process deliver to outputs on the network, if there are any. It
// may return in a program that was executed anew. prepare reports errors of options.
func startShipper(o *options.Options, w *watcher) (*delivery.Delivery, error) {
	remote, err := o.Remote()
	if err != nil || remote == nil {
		return nil, nil
	}
	return delivery.Start(remote, delivery.Options{Command: shipCommand, Heir: w.heir(), Live: o.Live()})
}

// beginDelivery waits until that process is ready.
func (w *watcher) beginDelivery() error {
	return w.delivery.Begin(delivery.Messages{
		Log:  w.logOf(shipCommand),
		Note: w.noteLine,
		Say:  w.sayLine,
	})
}

// journalEnd is the index of the event that comes next in the journal of remote outputs.
func (w *watcher) journalEnd() uint64 {
	if w.delivery == nil {
		return 0
	}
	all := w.events.Stats()
	return all[len(all)-1].Next
}

// listen lets the readers of journals tell.
func (w *watcher) listen(outputs []config.Config) error {
	if own := w.delivery.Own(); own != nil {
		w.own = append(w.own, own)
	}
	for i := range outputs {
		folder := outputs[i].JournalFolder()
		if folder == "" || !w.live() || folder == w.delivery.Journal() {
			continue
		}
		own, err := connections.Listen(folder)
		if err != nil {
			return err
		}
		w.own = append(w.own, own)
	}
	return nil
}
