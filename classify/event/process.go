package event

import (
	"math"
	"path"

	"tlsfloor/classify"
	"tlsfloor/classify/jsontext"
)

// A process, and the processes that started it, in native events, and its bounds in all.

// appendProcess appends the process. The user who started it controls its texts.
func appendProcess(dst []byte, p *classify.Process) []byte {
	if p == nil {
		return dst
	}
	dst = jsontext.AppendNumber(append(jsontext.AppendKey(dst, `"process":`), '{'), `"pid":`, uint64(p.PID))
	dst = jsontext.AppendText(dst, `"executable":`, p.Executable)
	dst = jsontext.AppendTexts(dst, `"command_line":`, Arguments(p))
	dst = jsontext.AppendText(dst, `"user":`, p.User)
	dst = jsontext.AppendText(dst, `"login_user":`, p.LoginUser)
	dst = jsontext.AppendText(dst, `"unit":`, p.Unit)
	dst = jsontext.AppendText(dst, `"container":`, p.Container)
	if p.Started != 0 {
		dst = jsontext.AppendTime(dst, `"started":`, p.Started)
	}
	dst = jsontext.AppendText(dst, `"working_directory":`, p.Folder)
	dst = jsontext.AppendText(dst, `"script":`, p.Script)
	dst = AppendParents(dst, Parents(p))
	return append(appendSurroundings(dst, p), '}')
}

func readProcess(r *jsontext.Reader) *classify.Process {
	if !r.Object() {
		return nil
	}
	p := new(classify.Process)
	for r.Member() {
		switch string(r.Key()) {
		case "pid":
			p.PID = readPID(r)
		case "executable":
			p.Executable = r.Text()
		case "command_line":
			p.CommandLine = r.Texts()
		case "user":
			p.User = r.Text()
		case "login_user":
			p.LoginUser = r.Text()
		case "unit":
			p.Unit = r.Text()
		case "container":
			p.Container = r.Text()
		case "started":
			p.Started = readTime(r)
		case "working_directory":
			p.Folder = r.Text()
		case "script":
			p.Script = r.Text()
		case "parents":
			p.Parents = jsontext.List(r, readParent)
		case "cgroup":
			p.Cgroup = r.Text()
		case "variables":
			p.Variables = r.Texts()
		case "libraries":
			p.Libraries = r.Texts()
		case "go_version":
			p.GoVersion = r.Text()
		case "go_modules":
			p.GoModules = r.Texts()
		default:
			r.Skip()
		}
	}
	return p
}

func readParent(r *jsontext.Reader) (p classify.Parent) {
	if !r.Object() {
		return p
	}
	for r.Member() {
		switch string(r.Key()) {
		case "pid":
			p.PID = readPID(r)
		case "executable":
			p.Executable = r.Text()
		case "command_line":
			p.CommandLine = r.Texts()
		default:
			r.Skip()
		}
	}
	return p
}

func readPID(r *jsontext.Reader) int {
	n, _ := r.Uint(math.MaxInt32)
	return int(n)
}

// AppendParents appends the parents of a process.
func AppendParents(dst []byte, parents []classify.Parent) []byte {
	return jsontext.AppendList(dst, `"parents":`, parents, func(dst []byte, p classify.Parent) []byte {
		dst = jsontext.AppendNumber(append(dst, '{'), `"pid":`, uint64(p.PID))
		dst = jsontext.AppendText(dst, `"executable":`, p.Executable)
		return append(jsontext.AppendTexts(dst, `"command_line":`, p.CommandLine), '}')
	})
}

// appendSurroundings appends members that no other schema has a field for. (OCSF's
// loaded_modules are all modules of the process, not those for TLS.)
func appendSurroundings(dst []byte, p *classify.Process) []byte {
	dst = jsontext.AppendText(dst, `"cgroup":`, p.Cgroup)
	dst = jsontext.AppendTexts(dst, `"variables":`, fitting(p.Variables, maxVariables))
	dst = jsontext.AppendTexts(dst, `"libraries":`, fitting(p.Libraries, maxLibraries))
	dst = jsontext.AppendText(dst, `"go_version":`, p.GoVersion)
	return jsontext.AppendTexts(dst, `"go_modules":`, fitting(p.GoModules, maxModules))
}

// Program returns the name of a process's program: that of its file, else that in
// its command line.
func Program(executable string, commandLine []string) string {
	name := ""
	switch {
	case executable != "":
		name = path.Base(executable)
	case len(commandLine) > 0 && commandLine[0] != "":
		name = path.Base(commandLine[0])
	}
	return jsontext.LocalText(jsontext.Beginning(name, maxProgram))
}

// maxProgram bounds the name of a program, in characters: a file's has at most 255 bytes
// (NAME_MAX).
const maxProgram = 255

// The bounds of a process's lists in an event, in bytes of JSON. The longest lists
// of ASCII from capture/proc fit. Without the bounds, a local user could keep events
// from a syslog server: an event over 64 KiB does not fit into a datagram, a control
// character takes six bytes, and ECS has the command line twice.
const (
	maxCommandLine = 12 << 10
	maxParents     = 6500
	maxVariables   = 256
	maxLibraries   = 6 << 10
	maxModules     = 3 << 10
)

// fitting returns the first texts, as many as fit into a JSON list of limit bytes.
func fitting(texts []string, limit int) []string {
	size := -len(",")
	for i, text := range texts {
		if size += len(`,""`) + jsontext.EscapedLen(text); size > limit {
			return texts[:i]
		}
	}
	return texts
}

// Arguments returns the command line of a process, as many arguments as an event has, in
// any format: an event read back has no more.
func Arguments(p *classify.Process) []string { return fitting(p.CommandLine, maxCommandLine) }

// Parents returns the parents of a process, the nearest first, as many as an event has.
func Parents(p *classify.Process) []classify.Parent { return fittingParents(p.Parents) }

// fittingParents returns the first parents, as many as fit into maxParents bytes. Where not all fit, those that remain may lack arguments.
func fittingParents(parents []classify.Parent) []classify.Parent {
	room := maxParents
	for _, p := range parents {
		room -= parentMembers + sizeOf(p.Executable) + sizeOf(p.CommandLine...)
	}
	if room >= 0 {
		return parents
	}
	room = maxParents
	var fit []classify.Parent
	for _, p := range parents {
		if room -= parentMembers + sizeOf(p.Executable); room < 0 {
			break
		}
		p.CommandLine = fitting(p.CommandLine, min(room, maxParents/4))
		room -= sizeOf(p.CommandLine...)
		fit = append(fit, p)
	}
	return fit
}

// parentMembers is the length of a parent without its texts.
const parentMembers = len(`{"pid":4194304,"executable":,"command_line":[]}`)

// sizeOf returns the length of texts in a JSON list, in bytes.
func sizeOf(texts ...string) (size int) {
	for _, text := range texts {
		size += len(`,""`) + jsontext.EscapedLen(text)
	}
	return size
}
