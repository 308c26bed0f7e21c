package foreign

import (
	"strings"

	"tlsfloor/classify"
	"tlsfloor/classify/event"
	"tlsfloor/classify/jsontext"
)

// A process, and the processes that started it, in ECS and in OCSF.

// ecsProcess includes the user of the process: "user" at the top of an event would
// be the user that the event is about.
type ecsProcess struct {
	ecsProgram
	User             ecsName     `json:"user,omitzero"`
	Start            string      `json:"start,omitempty"`
	WorkingDirectory string      `json:"working_directory,omitempty"`
	Parent           *ecsProgram `json:"parent,omitempty"`
}

// ecsProgram are the fields that a process and its parent have.
type ecsProgram struct {
	PID         int      `json:"pid"`
	Executable  string   `json:"executable,omitempty"`
	Name        string   `json:"name,omitempty"`
	Args        []string `json:"args,omitempty"`
	CommandLine string   `json:"command_line,omitempty"`
}

func ecsProcessOf(p *classify.Process) *ecsProcess {
	e := &ecsProcess{
		ecsProgram: ecsProgramOf(p.PID, p.Executable, event.Arguments(p)),
		User:       ecsName{jsontext.LocalText(p.User)}, WorkingDirectory: jsontext.LocalText(p.Folder),
	}
	if p.Started != 0 {
		e.Start = jsontext.TimeText(p.Started, "Z")
	}
	if parents := event.Parents(p); len(parents) > 0 {
		nearest := ecsProgramOf(parents[0].PID, parents[0].Executable, parents[0].CommandLine)
		e.Parent = &nearest
	}
	return e
}

func ecsProgramOf(pid int, executable string, arguments []string) ecsProgram {
	return ecsProgram{
		PID: pid, Executable: jsontext.LocalText(executable), Name: event.Program(executable, arguments),
		Args: ecsArgs(arguments), CommandLine: commandText(arguments),
	}
}

// ecsArgs leaves out empty arguments, which the schema does not allow.
func ecsArgs(arguments []string) []string {
	var args []string
	for _, argument := range arguments {
		if argument != "" {
			args = append(args, argument)
		}
	}
	return jsontext.LocalTexts(args)
}

// appendECSProcess appends the members of a process that the schema lacks: it has no
// user behind su and sudo, and one parent.
func appendECSProcess(dst []byte, p *classify.Process) []byte {
	dst = jsontext.AppendText(dst, `"login_user":`, p.LoginUser)
	parents := event.Parents(p)
	return event.AppendParents(dst, parents[min(1, len(parents)):])
}

type ocsfProcess struct {
	ocsfProgram
	User             ocsfName      `json:"user,omitzero"`
	Container        ocsfUID       `json:"container,omitzero"`
	CreatedTime      int64         `json:"created_time,omitempty"`
	WorkingDirectory string        `json:"working_directory,omitempty"`
	ParentProcess    *ocsfProgram  `json:"parent_process,omitempty"`
	Ancestry         []ocsfProgram `json:"ancestry,omitempty"` // all parents, the nearest first
}

// ocsfProgram are the attributes that a process and its parents have.
type ocsfProgram struct {
	PID     int    `json:"pid"`
	Name    string `json:"name,omitempty"`
	Path    string `json:"path,omitempty"`
	CmdLine string `json:"cmd_line,omitempty"`
}

func ocsfProcessOf(p *classify.Process) *ocsfProcess {
	if p == nil {
		return nil
	}
	o := &ocsfProcess{
		ocsfProgram: ocsfProgramOf(p.PID, p.Executable, event.Arguments(p)),
		User:        ocsfName{jsontext.LocalText(p.User)}, Container: ocsfUID{jsontext.LocalText(p.Container)},
		CreatedTime: milliseconds(p.Started), WorkingDirectory: jsontext.LocalText(p.Folder),
	}
	parents := event.Parents(p)
	o.Ancestry = make([]ocsfProgram, 0, len(parents))
	for _, parent := range parents {
		o.Ancestry = append(o.Ancestry, ocsfProgramOf(parent.PID, parent.Executable, parent.CommandLine))
	}
	if len(o.Ancestry) > 0 {
		o.ParentProcess = &o.Ancestry[0]
	}
	return o
}

func ocsfProgramOf(pid int, executable string, arguments []string) ocsfProgram {
	return ocsfProgram{
		PID: pid, Name: event.Program(executable, arguments), Path: jsontext.LocalText(executable),
		CmdLine: commandText(arguments),
	}
}

// commandText returns a command line as one text, with spaces between the arguments.
func commandText(arguments []string) string { return jsontext.LocalText(strings.Join(arguments, " ")) }
