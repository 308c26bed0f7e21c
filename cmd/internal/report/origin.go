package report

import (
	"path"
	"slices"
	"strings"

	"tlsfloor/capture/cmdline"
	"tlsfloor/classify"
)

// starterOf returns what a process runs, if it is an interpreter or the like, and what
// started the process: the script of a parent, or else its program, and what started that,
// such as "/opt/backup.sh from cron". Both may be empty.
//
// Left out are shells that run one command, because they are part of how a program is
// started, and the first process of a system or a container, which starts everything.
func starterOf(p *classify.Process) (script, starter string) {
	program := programName(p.Executable, p.CommandLine)
	own := cmdline.Script(program, p.CommandLine) != ""
	if script = local(p.Script); !own {
		script = local(runBy(program, p.CommandLine))
	}
	var from []string
	for i := range p.Parents {
		name, itsScript := parentName(&p.Parents[i])
		if itsScript && !own { // p.Script is that of the nearest that runs one, with its folder
			name, own = local(p.Script), true
		}
		if name != "" && !slices.Contains(from, name) {
			from = append(from, name)
		}
	}
	return script, strings.Join(from, " from ")
}

// programName returns the name of a process's program.
func programName(file string, line []string) string {
	if file != "" {
		return path.Base(file)
	}
	return firstWord(line)
}

// parentName returns the name for a parent, which may be its script as its command line
// has it; empty: the parent does not matter.
func parentName(p *classify.Parent) (name string, isScript bool) {
	name = programName(p.Executable, p.CommandLine)
	if script := cmdline.Script(name, p.CommandLine); script != "" {
		return local(script), true
	}
	switch {
	case beginners[name], cmdline.IsShell(name, p.CommandLine) && runsOneCommand(p.CommandLine):
		return "", false
	case p.Executable != "" && !systemFolders[path.Dir(p.Executable)]:
		return local(p.Executable), false
	}
	return local(name), false
}

// runsOneCommand reports whether a shell was started to run one command.
func runsOneCommand(line []string) bool {
	for i, argument := range line {
		if i > 0 && strings.HasPrefix(argument, "-") && !strings.HasPrefix(argument, "--") && strings.HasSuffix(argument, "c") {
			return true
		}
	}
	return false
}

// runBy returns the program that a runtime runs, as its command line has it; empty: the
// program is no runtime, or the command line does not say.
func runBy(program string, line []string) string {
	options, ok := runtimes[strings.TrimRight(program, "0123456789.")]
	if !ok {
		return ""
	}
	for i := 1; i < len(line); i++ {
		switch what := options[line[i]]; {
		case what == namesProgram && i+1 < len(line):
			return line[i+1]
		case what == hasProgram:
			return ""
		case what == hasValue:
			i++
		case !strings.HasPrefix(line[i], "-"):
			return line[i]
		}
	}
	return ""
}

// The options of runtimes that matter here.
const (
	hasValue     = iota + 1 // the next word is its value
	namesProgram            // the next word is the program
	hasProgram              // the next word is the text of the program
)

// runtimes are programs that run others, and their options that take the next word.
var runtimes = map[string]map[string]int{
	"java": {
		"-cp": hasValue, "-classpath": hasValue, "--class-path": hasValue, "-p": hasValue, "--module-path": hasValue, "--add-modules": hasValue,
		"--add-opens": hasValue, "--add-exports": hasValue, "--add-reads": hasValue, "--limit-modules": hasValue,
		"-jar": namesProgram, "-m": namesProgram, "--module": namesProgram,
	},
	"dotnet": {"--fx-version": hasValue, "--depsfile": hasValue, "--runtimeconfig": hasValue, "--additionalprobingpath": hasValue, "--roll-forward": hasValue, "exec": namesProgram},
	"mono":   {"--config": hasValue},
	"python": {"-W": hasValue, "-X": hasValue, "-c": hasProgram, "-m": namesProgram},
}

// beginners are programs that begin a system, a login session or a container.
var beginners = set("systemd", "init", "containerd-shim", "containerd-shim-runc-v2", "conmon", "tini", "dumb-init")

// systemFolders are those whose programs are known by their name alone.
var systemFolders = set("/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/lib/systemd", "/lib/systemd")

func set(words ...string) map[string]bool {
	s := make(map[string]bool, len(words))
	for _, w := range words {
		s[w] = true
	}
	return s
}
