package emit

import "tlsfloor/classify"

// appendECSProcess appends process and container. What the schema lacks is with
// the rest, under "tlsfloor". The user is the process' own: "user" at the top
// would be whom the event is about.
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
	end, fits := len(dst)+maxCommandLine, true
	for i := 0; i < len(p.CommandLine) && fits; i++ {
		if argument := p.CommandLine[i]; argument != "" {
			dst, fits = appendFitting(dst, argument, end)
		}
	}
	return dst
}

func appendRelatedUsers(dst []byte, p *classify.Process) []byte {
	if p == nil || p.User == "" {
		return dst
	}
	return appendQuoted(appendComma(dst), p.User)
}
