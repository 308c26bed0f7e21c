package main

import (
	"errors"
	"fmt"
	"slices"

	"tlsfloor/cmd/internal/confine"
	"tlsfloor/cmd/internal/regular"
)

// confine drops the privileges that the run does not need, and calls ready when that is
// done. It always reports where the sandbox is not whole. What cannot be opened again
// later matters to a run that goes on for long, and the other steps with -v.
func (w *watcher) confine(ready func()) error {
	if w.options.NoSandbox {
		ready()
		return nil
	}
	steps, err := confine.Apply(w.needs())
	if err == nil {
		ready()
	}
	for _, s := range steps {
		switch lasts := w.live() || w.options.Follow; {
		case s.Weakens():
			w.say("sandbox: %s", printable(s.String()))
		case s.Degraded && lasts, w.options.Verbose > 0:
			w.note("sandbox: %s", printable(s.String()))
		}
	}
	var user *confine.UserError
	switch {
	case errors.As(err, &user):
		return fmt.Errorf("%s %s: %w", w.options.Typed("user"), user.User, user.Err)
	case err == nil:
		attack("sensor")
	}
	return err
}

// needs returns what is opened or connected to later.
func (w *watcher) needs() confine.Options {
	n := w.events.Needs()
	o := confine.Options{
		User: w.options.User, Require: w.options.RequireSandbox,
		ReadPaths: w.latePaths(), ReloadPaths: append(n.Read, w.followed()...), WritePaths: n.Write,
		ReadAll: w.options.Follow, Resolve: n.Network, KeepNetRaw: w.reopens(),
	}
	for _, p := range n.Ports {
		o.Connect = append(o.Connect, confine.Endpoint{Network: p.Network, Port: p.Number})
	}
	for _, path := range n.Sockets {
		o.Connect = append(o.Connect, confine.Endpoint{Network: "unix", Path: path})
	}
	for _, path := range []string{w.options.Names, w.options.Ranges} {
		if path != "" && !regular.IsDescriptor(path) {
			o.ReloadPaths = append(o.ReloadPaths, path)
		}
	}
	if w.options.Metrics != "" {
		o.WritePaths, o.Publish = append(o.WritePaths, w.options.Metrics), true
	}
	o.WritePaths = append(o.WritePaths, w.packets.paths()...)
	slices.Sort(o.WritePaths)
	o.WritePaths = slices.Compact(o.WritePaths)
	return o
}

// reopens reports whether an interface may be removed and created again, and then has to
// be opened again. "any" never is.
func (w *watcher) reopens() bool {
	for _, i := range w.options.Interfaces {
		if i != "any" {
			return true
		}
	}
	return false
}
