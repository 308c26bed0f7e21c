package emit

import (
	"path"

	"tlsfloor/classify"
)

// Lists of a process are bounded by what they take in an event, in bytes. Lists
// of ASCII as long as capture/proc makes them fit. A control character takes six
// times its size, and would let a local user keep events from a syslog server:
// what is over 64 KiB fits into no datagram. ECS has the command line twice.
const (
	maxCommandLine = 12 << 10
	maxLibraries   = 6 << 10
	maxModules     = 3 << 10
)

// appendProcess appends the process. Its texts are the choice of whoever
// started it.
func appendProcess(dst []byte, p *classify.Process) []byte {
	if p == nil {
		return dst
	}
	dst = appendNumber(append(appendKey(dst, `"process":`), '{'), `"pid":`, uint64(p.PID))
	dst = appendText(dst, `"executable":`, p.Executable)
	dst = appendBounded(dst, `"command_line":`, p.CommandLine, maxCommandLine)
	dst = appendText(dst, `"user":`, p.User)
	dst = appendText(dst, `"unit":`, p.Unit)
	dst = appendText(dst, `"container":`, p.Container)
	return append(appendRestOfPlace(dst, p), '}')
}

// appendRestOfProcess appends what other schemas have no field for. (OCSF's
// loaded_modules are all that are loaded.)
func appendRestOfProcess(dst []byte, p *classify.Process) []byte {
	return appendRestOfPlace(appendText(dst, `"unit":`, p.Unit), p)
}

func appendRestOfPlace(dst []byte, p *classify.Process) []byte {
	dst = appendText(dst, `"cgroup":`, p.Cgroup)
	dst = appendBounded(dst, `"libraries":`, p.Libraries, maxLibraries)
	dst = appendText(dst, `"go_version":`, p.GoVersion)
	return appendBounded(dst, `"go_modules":`, p.GoModules, maxModules)
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

// appendBounded appends the first of the texts, as many as fit into limit bytes
// as they are written, and nothing when none does.
func appendBounded(dst []byte, key string, texts []string, limit int) []byte {
	return appendArray(dst, key, func(dst []byte) []byte {
		end, fits := len(dst)+limit, true
		for i := 0; i < len(texts) && fits; i++ {
			dst, fits = appendFitting(dst, texts[i], end)
		}
		return dst
	})
}

// appendFitting appends an element, unless it would reach beyond end.
func appendFitting(dst []byte, text string, end int) (_ []byte, fits bool) {
	before := len(dst)
	if dst = appendQuoted(appendComma(dst), text); len(dst) > end {
		return dst[:before], false
	}
	return dst, true
}

// appendCommand appends the command line as one text: the first arguments, as
// many as fit, with spaces between them.
func appendCommand(dst []byte, key string, p *classify.Process) []byte {
	before := len(dst)
	dst = append(appendKey(dst, key), '"')
	start := len(dst)
	for i, argument := range p.CommandLine {
		end := len(dst)
		if i > 0 {
			dst = append(dst, ' ')
		}
		if dst = appendEscaped(dst, argument); len(dst)-start > maxCommandLine {
			dst = dst[:end]
			break
		}
	}
	if len(dst) == start {
		return dst[:before]
	}
	return append(dst, '"')
}
