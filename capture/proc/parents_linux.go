package proc

import (
	"errors"
	"os"
	"path"
	"strings"

	"golang.org/x/sys/unix"

	"tlsfloor/capture/cmdline"
)

const (
	// maxParentArguments and maxParentLine bound the command line of a parent: arguments,
	// and bytes.
	maxParentArguments = 8
	maxParentLine      = 1024
)

// lineOf returns a process and its parents, as /proc has them now; empty if the process
// has ended.
func lineOf(pid int) (line []member) {
	for len(line) <= maxParents && pid > 0 {
		s, err := folderOf(pid).status()
		if err != nil {
			break
		}
		line = append(line, member{pid, s.session, s.start})
		pid = s.parent
	}
	return line
}

// addParents adds the parents that p has in the line, and the script of the nearest that
// runs one if p runs none. It ends before a parent that has ended, because nothing is
// known about it but its id.
func (d *describer) addParents(p *Process, line []member) {
	for i, m := range line[1:] {
		if !started(m, line[i]) {
			return
		}
		parent := d.parent(m)
		if parent == nil {
			return
		}
		p.Parents = append(p.Parents, Parent{parent.PID, parent.Executable, parent.CommandLine})
		if p.Script == "" {
			p.Script = parent.Script
		}
	}
}

// started reports whether a parent started the child. If the process that did so has
// ended, its children belong to the first process of the system, or to one that takes
// in orphans (PR_SET_CHILD_SUBREAPER), such as a user's systemd. Process 1 is never
// named: of a service, the unit says more. Others are named if the child is in their
// session, or has made its own. That leaves an orphan that made its own session, and one
// in a container whose first process is in its session: that is an ancestor.
//
// The times show a parent's id that another process has by now.
func started(parent, child member) bool {
	return parent.pid > 1 && parent.start <= child.start && (child.session == parent.session || child.session == child.pid)
}

// parent returns what is said about a parent, or nil if it has ended. Reading its command
// line may take too long, as with any process (describeTimeout): then it lacks that, and
// counts for the parent's own user.
func (d *describer) parent(m member) *Process {
	id, ok := d.identify(m)
	if !ok {
		return nil
	}
	if p := d.get(&d.parents, id); p != nil {
		return p
	}
	where := folderOf(id.pid)
	p, whole := d.complete(Process{PID: id.pid, Executable: id.executable, UID: userOf(id.pid)}, func(p *Process) {
		text, _ := where.read("cmdline", maxSmall)
		p.CommandLine = cmdline.Read(text)
		p.Script = script(d.opener, p)
		p.CommandLine = shortened(p.CommandLine)
	})
	if !where.is(id) {
		return nil
	}
	if whole {
		d.add(&d.parents, id, p)
	}
	return p
}

// shortened returns the first arguments, within the bounds of a parent.
func shortened(arguments []string) []string {
	size := 0
	for i, a := range arguments {
		if size += len(a); i == maxParentArguments || size > maxParentLine {
			return arguments[:i]
		}
	}
	return arguments
}

// script returns the path of the script that a process runs, or "".
func script(o opener, p *Process) string {
	if len(p.CommandLine) == 0 {
		return ""
	}
	program := path.Base(p.Executable)
	if p.Executable == "" {
		program = path.Base(p.CommandLine[0])
	}
	name := cmdline.Script(program, p.CommandLine)
	if name == "" || path.IsAbs(name) {
		return name
	}
	if cmdline.IsShell(program, p.CommandLine) {
		if file := readsFrom(o, p.PID, path.Base(name)); file != "" {
			return file
		}
	}
	return joined(o, p, name)
}

// readsFrom returns the path of the script with this name that a shell has open, or "".
func readsFrom(o opener, pid int, name string) string {
	for _, number := range scriptNumbers {
		a, err := o.do(request{op: opScript, pid: pid, inode: number})
		if file := strings.TrimSuffix(a.text, " (deleted)"); err == nil && path.IsAbs(file) && path.Base(file) == name {
			return file
		}
	}
	return ""
}

// joined joins the relative path of a script with the folder that the process works in,
// unless it is not there: the process may have changed to another folder since. Paths in
// containers are others, and cannot be checked.
func joined(o opener, p *Process, name string) string {
	folder := p.Folder
	if folder == "" {
		folder = workingFolder(o, p.PID)
	}
	if folder == "" {
		return name
	}
	file := path.Join(folder, name)
	if _, err := os.Lstat(file); p.Container == "" && (errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENOTDIR)) {
		return name
	}
	return bounded(file, maxPath)
}
