package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"tlsfloor/cmd/internal/confine"
	"tlsfloor/cmd/internal/emit/ownership"
	"tlsfloor/cmd/internal/regular"
	"tlsfloor/cmd/internal/report"
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
	var folder *confine.FolderError
	switch {
	case errors.As(err, &folder):
		return fmt.Errorf("%w; %s", err, mend(folder))
	case errors.As(err, &user):
		return fmt.Errorf("%s %s: %w", w.options.Typed("user"), user.User, user.Err)
	case err == nil:
		attack("sensor")
	}
	return err
}

// mend says which command lets the user make files: in the folder, if it is tlsfloor's, or
// else in a new one in it. It may hold what belongs to others, as /var/log does.
func mend(e *confine.FolderError) string {
	text := "give it a folder of its own: "
	command := []string{"install", "-d", "-o", e.User, "-g", e.Group, "-m", "750", filepath.Join(e.Folder, "tlsfloor")}
	if e.Err != nil && (e.Folder == e.Path || filepath.Base(e.Folder) == "tlsfloor") {
		text, command = "mend it with: ", []string{"chown", e.User + ":" + e.Group, e.Folder}
	}
	if os.Geteuid() != 0 || os.Getenv("SUDO_USER") != "" {
		command = append([]string{"sudo"}, command...)
	}
	return text + report.ShellLine(command)
}

// heir is the user that gets what root makes.
func (w *watcher) heir() ownership.Heir {
	if w.options.NoSandbox {
		return ownership.Heir{}
	}
	return confine.Options{User: w.options.User}.Heir()
}

// needs returns what is opened or connected to later.
func (w *watcher) needs() confine.Options {
	n := w.events.Needs()
	o := confine.Options{
		User: w.options.User, Require: w.options.RequireSandbox,
		ReadPaths: w.latePaths(), ReloadPaths: append(n.Read, w.followed()...), WritePaths: n.Write, Growing: n.Grow,
		ReadAll: w.options.Follow, Resolve: n.Network, KeepNetRaw: w.reopens(),
	}
	for _, p := range n.Ports {
		o.Connect = append(o.Connect, confine.Endpoint{Network: p.Network, Port: p.Number})
	}
	for _, path := range n.Sockets {
		o.Connect = append(o.Connect, confine.Endpoint{Network: "unix", Path: path})
	}
	for _, path := range []string{w.options.Names, w.options.Ranges, w.options.Except} {
		if path != "" && !regular.IsDescriptor(path) {
			o.ReloadPaths = append(o.ReloadPaths, path)
		}
	}
	if w.options.Metrics != "" {
		o.WritePaths, o.Publish = append(o.WritePaths, w.options.Metrics), true
	}
	o.WritePaths = append(o.WritePaths, w.packets.paths()...)
	if w.options.Rotate() > 0 && (w.live() || w.options.Follow) {
		o.Growing = append(o.Growing, w.packets.paths()...)
	}
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
