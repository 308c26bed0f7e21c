package report

import (
	"path"
	"slices"
	"strings"

	"tlsfloor/classify"
)

// starterOf returns the script that a process runs itself, and what started the process:
// the script of a parent, or else its program, and what started that, such as
// "/opt/backup.sh from cron". Both may be empty.
//
// Left out are shells that run one command, because they are part of how a program is
// started, and the first process of a system or a container, which starts everything.
func starterOf(p *classify.Process) (script, starter string) {
	if runs(p.CommandLine, p.Script) {
		script = local(p.Script)
	}
	var from []string
	for i := range p.Parents {
		if name := parentName(&p.Parents[i], p.Script, script != ""); name != "" && !slices.Contains(from, name) {
			from = append(from, name)
		}
	}
	if script == "" && p.Script != "" && len(from) == 0 {
		from = append(from, local(p.Script)) // whose process has ended
	}
	return script, strings.Join(from, " from ")
}

// parentName returns the name for a parent of a process; empty: it does not matter. The
// script is that of the process, or of its nearest parent that runs one.
func parentName(p *classify.Parent, script string, own bool) string {
	name := firstWord(p.CommandLine)
	if p.Executable != "" {
		name = path.Base(p.Executable)
	}
	switch {
	case beginners[name], shells[name] && oneCommand(p.CommandLine):
		return ""
	case !own && runs(p.CommandLine, script):
		return local(script)
	case p.Executable != "" && !systemFolders[path.Dir(p.Executable)]:
		return local(p.Executable)
	}
	return name
}

// runs reports whether a command line contains a script. The script's path is absolute,
// the argument need not be.
func runs(line []string, script string) bool {
	if script == "" {
		return false
	}
	for _, argument := range line {
		if path.Base(argument) == path.Base(script) {
			return true
		}
	}
	return false
}

// oneCommand reports whether a shell was started to run one command.
func oneCommand(line []string) bool {
	for i, argument := range line {
		if i > 0 && strings.HasPrefix(argument, "-") && !strings.HasPrefix(argument, "--") && strings.HasSuffix(argument, "c") {
			return true
		}
	}
	return false
}

// beginners are programs that begin a system, a login session or a container.
var beginners = set("systemd", "init", "containerd-shim", "containerd-shim-runc-v2", "conmon", "tini", "dumb-init")

var shells = set("sh", "bash", "dash", "ash", "ksh", "zsh", "busybox")

// systemFolders are those whose programs are known by their name alone.
var systemFolders = set("/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/lib/systemd", "/lib/systemd")

func set(words ...string) map[string]bool {
	s := make(map[string]bool, len(words))
	for _, w := range words {
		s[w] = true
	}
	return s
}
