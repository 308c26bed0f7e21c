package main

import (
	"slices"

	"tlsfloor/cmd/internal/confine"
	"tlsfloor/cmd/internal/regular"
)

// confine drops the privileges that the run does not need. On interfaces it reports each
// step, since such a run goes on for long; with --follow, those that failed.
func (w *watcher) confine() error {
	if w.options.noSandbox {
		return nil
	}
	steps, err := confine.Apply(w.needs())
	for _, s := range steps {
		if w.live() || s.Degraded && (w.options.requireSandbox || w.options.follow) {
			w.note("%s", printable(s.String()))
		}
	}
	if err == nil {
		attack("sensor")
	}
	return err
}

// needs returns what is opened or connected to later.
func (w *watcher) needs() confine.Options {
	n := w.events.Needs()
	o := confine.Options{
		User: w.options.user, Require: w.options.requireSandbox,
		ReadPaths: w.latePaths(), ReloadPaths: append(n.Read, w.followed()...), WritePaths: n.Write,
		ReadAll: w.options.follow, Resolve: n.Network, KeepNetRaw: w.reopens(),
	}
	for _, p := range n.Ports {
		o.Connect = append(o.Connect, confine.Endpoint{Network: p.Network, Port: p.Number})
	}
	for _, path := range n.Sockets {
		o.Connect = append(o.Connect, confine.Endpoint{Network: "unix", Path: path})
	}
	for _, path := range []string{w.options.names, w.options.ranges} {
		if path != "" && !regular.IsDescriptor(path) {
			o.ReloadPaths = append(o.ReloadPaths, path)
		}
	}
	if w.options.metrics != "" {
		o.WritePaths, o.Publish = append(o.WritePaths, w.options.metrics), true
	}
	slices.Sort(o.WritePaths)
	o.WritePaths = slices.Compact(o.WritePaths)
	return o
}

// reopens reports whether an interface may be removed and created again, and then has to
// be opened again. "any" never is.
func (w *watcher) reopens() bool {
	for _, i := range w.options.interfaces {
		if i != "any" {
			return true
		}
	}
	return false
}
