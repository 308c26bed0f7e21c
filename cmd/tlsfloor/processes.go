package main

import (
	"net/netip"

	"tlsfloor/classify"
	"tlsfloor/classify/advice"
	"tlsfloor/classify/client"
)

// deliver completes a finding with what is known of its client, and sends it.
// Findings come from several goroutines when their processes are looked for.
func (w *watcher) deliver(f *classify.Finding) {
	if f.Process != nil {
		f.Software = client.Process(f.Process, f.Software)
	}
	f.Advice = advice.For(f)
	w.summary.Identify(f)
	w.events.Send(f)
}

// found takes the sensor's findings.
func (w *watcher) found() func(*classify.Finding) {
	if w.processes == nil {
		return w.deliver
	}
	return w.processes.Deliver
}

// notice is told of connections whose process is wanted; nil: of none.
func (w *watcher) notice() func(client, server netip.AddrPort) {
	if w.processes == nil {
		return nil
	}
	return w.processes.Notice
}

// closeProcesses lets the findings go that wait for their process.
func (w *watcher) closeProcesses() {
	if w.processes == nil {
		return
	}
	if err := w.processes.Close(); err != nil {
		w.trouble(err)
	}
}

// countProcesses says how many were found.
func (w *watcher) countProcesses() {
	if w.processes == nil {
		return
	}
	s := w.processes.Stats()
	w.note("%d processes found behind %d connections", s.Found, s.Asked)
	w.count(s.Unasked, "connections opened too fast to look for their process")
	w.count(s.TooLate, "events written before their process was found")
}
