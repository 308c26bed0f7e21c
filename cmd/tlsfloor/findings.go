package main

import (
	"net/netip"

	"tlsfloor/capture"
	"tlsfloor/classify"
	"tlsfloor/classify/advice"
	"tlsfloor/classify/client"
	"tlsfloor/cmd/internal/report"
	"tlsfloor/cmd/internal/sensor"
)

// reader is a sensor, or several workers.
type reader interface {
	Run(src capture.Source, between func() bool) error
	Stats() sensor.Stats
	Now() int64
}

// newReader returns a sensor, or the workers that --workers asks for. o is for the sensor,
// or for the workers' reader, which judges what they observe.
func (w *watcher) newReader(o sensor.Options) (reader, error) {
	if w.options.Workers == 1 {
		o.ReuseFinding = w.events.Spare
		return sensor.New(o), nil
	}
	each := make([]sensor.Options, w.options.Workers)
	for i := range each {
		s := w.newSummary()
		w.workerSummaries = append(w.workerSummaries, s)
		each[i] = o
		each[i].Tally = s.Add
		var err error
		if each[i].Policy, err = w.options.Policy(); err != nil {
			return nil, err
		}
	}
	return sensor.NewWorkers(o, each), nil
}

func (w *watcher) newSummary() *report.Summary {
	return report.New(report.Options{Floor: w.options.Floor(), Scope: scopePhrase(w.options)})
}

// addWorkerSummaries adds up what the workers have counted, at the end.
func (w *watcher) addWorkerSummaries() {
	for _, s := range w.workerSummaries {
		w.summary.Merge(s)
	}
}

// deliver adds the software and the advice to a finding, and sends it to the outputs.
// With --process, several goroutines call it.
func (w *watcher) deliver(f *classify.Finding) {
	w.identify(f)
	if w.series.Combiner != nil {
		w.series.Add(f)
		return
	}
	w.events.Send(f)
}

// identify adds the software and the advice to a finding. The summary gets each flagged or
// excepted finding here, once: also those that the sensor withholds from the outputs.
func (w *watcher) identify(f *classify.Finding) {
	if f.Process != nil {
		f.Software = client.Process(f.Process, f.Software)
	}
	w.exceptions.lately(f)
	f.Advice = advice.For(f)
	w.summary.Identify(f)
}

// findingsTo returns the function that takes the sensor's findings.
func (w *watcher) findingsTo() func(*classify.Finding) {
	deliver := w.deliver
	if w.processes != nil {
		deliver = w.processes.Deliver
	}
	if w.series.Combiner == nil {
		return deliver
	}
	return func(f *classify.Finding) {
		w.series.Advance(w.sensor.Now())
		deliver(f)
	}
}

// connectionsTo returns the function that takes connections whose process is wanted, or
// nil.
func (w *watcher) connectionsTo() func(client, server netip.AddrPort, udp bool) {
	if w.processes == nil {
		return nil
	}
	return w.processes.Notice
}

// tunnelEvents bounds the flagged events that are written for one sender of tunnels in a
// minute. Ten a second are more than anybody reads, and show who floods.
const tunnelEvents = 600

// tunnelEventsBound is tunnelEvents, or 0 for captures, which have no bound.
func (w *watcher) tunnelEventsBound() int {
	if w.live() {
		return tunnelEvents
	}
	return 0
}

// closeProcesses delivers the findings that wait for their process.
func (w *watcher) closeProcesses() {
	if w.processes == nil {
		return
	}
	if err := w.processes.Close(); err != nil {
		w.trouble(err)
	}
}

// noteProcesses writes how many processes were found.
func (w *watcher) noteProcesses() {
	if w.processes == nil {
		return
	}
	s := w.processes.Stats()
	w.say("processes found: %d, of connections: %d", s.Found, s.Asked)
	w.noteCount(s.Unasked, "connection* opened too fast to look for the process")
	w.noteCount(s.TooLate, "event* written before the process was found")
}
