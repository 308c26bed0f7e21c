package emit

import (
	"path"

	"tlsfloor/classify"
)

// appendFix appends who the client is and what to change.
func appendFix(dst []byte, f *classify.Finding) []byte {
	dst = appendProcess(dst, f.Process)
	dst = appendSoftware(dst, f.Software)
	return appendAdvice(dst, f.Advice)
}

// appendProcess appends the process. Its texts are the choice of whoever
// started it.
func appendProcess(dst []byte, p *classify.Process) []byte {
	if p == nil {
		return dst
	}
	dst = appendNumber(append(appendKey(dst, `"process":`), '{'), `"pid":`, uint64(p.PID))
	dst = appendText(dst, `"executable":`, p.Executable)
	dst = appendTexts(dst, `"command_line":`, p.CommandLine)
	dst = appendText(dst, `"user":`, p.User)
	return append(appendRestOfProcess(dst, p), '}')
}

// appendRestOfProcess appends what other schemas have no field for.
func appendRestOfProcess(dst []byte, p *classify.Process) []byte {
	dst = appendText(dst, `"unit":`, p.Unit)
	dst = appendText(dst, `"container":`, p.Container)
	dst = appendText(dst, `"cgroup":`, p.Cgroup)
	dst = appendTexts(dst, `"libraries":`, p.Libraries)
	dst = appendText(dst, `"go_version":`, p.GoVersion)
	return appendTexts(dst, `"go_modules":`, p.GoModules)
}

func appendSoftware(dst []byte, s *classify.Software) []byte {
	if s == nil {
		return dst
	}
	dst = appendWord(append(appendKey(dst, `"software":`), '{'), `"id":`, s.ID)
	dst = appendText(dst, `"name":`, s.Name)
	dst = appendText(dst, `"version":`, s.Version)
	dst = appendText(dst, `"library":`, s.Library)
	dst = appendWord(dst, `"confidence":`, s.Confidence.String())
	return append(appendTexts(dst, `"because":`, s.Because), '}')
}

func appendAdvice(dst []byte, a *classify.Advice) []byte {
	if a == nil {
		return dst
	}
	dst = appendWord(append(appendKey(dst, `"advice":`), '{'), `"id":`, a.ID)
	return append(appendText(dst, `"summary":`, a.Summary), '}')
}

// programOf is the name of a process's program: of its file, else as it was
// called.
func programOf(p *classify.Process) string {
	switch {
	case p.Executable != "":
		return path.Base(p.Executable)
	case len(p.CommandLine) > 0 && p.CommandLine[0] != "":
		return path.Base(p.CommandLine[0])
	}
	return ""
}

// appendECSProcess appends process and container. What the schema lacks is with
// the rest, under "tlsfloor".
func appendECSProcess(dst []byte, p *classify.Process) []byte {
	if p == nil {
		return dst
	}
	dst = appendNumber(append(appendKey(dst, `"process":`), '{'), `"pid":`, uint64(p.PID))
	dst = appendText(dst, `"executable":`, p.Executable)
	dst = appendText(dst, `"name":`, programOf(p))
	dst = appendArray(dst, `"args":`, func(dst []byte) []byte { return appendArguments(dst, p) })
	dst = appendCommand(dst, `"command_line":`, p)
	dst = appendObject(dst, `"user":`, func(dst []byte) []byte { return appendText(dst, `"name":`, p.User) })
	return appendObject(append(dst, '}'), `"container":`, func(dst []byte) []byte { return appendText(dst, `"id":`, p.Container) })
}

// appendArguments leaves out empty ones: the schema has no empty words.
func appendArguments(dst []byte, p *classify.Process) []byte {
	for _, argument := range p.CommandLine {
		if argument != "" {
			dst = appendQuoted(appendComma(dst), argument)
		}
	}
	return dst
}

// appendCommand appends the command line as one text.
func appendCommand(dst []byte, key string, p *classify.Process) []byte {
	if len(p.CommandLine) == 0 {
		return dst
	}
	dst = append(appendKey(dst, key), '"')
	for i, argument := range p.CommandLine {
		if i > 0 {
			dst = append(dst, ' ')
		}
		dst = appendEscaped(dst, argument)
	}
	return append(dst, '"')
}

// appendOCSFProcess appends the process object of the evidence.
func appendOCSFProcess(dst []byte, p *classify.Process) []byte {
	if p == nil {
		return dst
	}
	dst = appendNumber(append(appendKey(dst, `"process":`), '{'), `"pid":`, uint64(p.PID))
	dst = appendText(dst, `"name":`, programOf(p))
	dst = appendText(dst, `"path":`, p.Executable)
	dst = appendCommand(dst, `"cmd_line":`, p)
	return append(appendObject(dst, `"user":`, func(dst []byte) []byte { return appendText(dst, `"name":`, p.User) }), '}')
}
