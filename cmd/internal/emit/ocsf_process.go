package emit

import "tlsfloor/classify"

// appendOCSFProfiles names the profiles that attributes come from: the actor of
// an activity (evidence has one of its own), and a process's container.
func appendOCSFProfiles(dst []byte, f *classify.Finding) []byte {
	return appendArray(dst, `"profiles":`, func(dst []byte) []byte {
		if !f.Flagged && hasActor(f) {
			dst = appendWordElement(dst, "host")
		}
		if f.Process != nil && f.Process.Container != "" {
			dst = appendWordElement(dst, "container")
		}
		return dst
	})
}

func hasActor(f *classify.Finding) bool { return f.Process != nil || appName(f.Software) != "" }

// appName is the program where it is a fact. What a hello suggests is under
// "unmapped", with how sure it is.
func appName(s *classify.Software) string {
	if s == nil || s.Confidence != classify.High {
		return ""
	}
	return s.Name
}

func appendOCSFActor(dst []byte, f *classify.Finding) []byte {
	return appendObject(dst, `"actor":`, func(dst []byte) []byte {
		return appendText(appendOCSFProcess(dst, f.Process), `"app_name":`, appName(f.Software))
	})
}

func appendOCSFProcess(dst []byte, p *classify.Process) []byte {
	if p == nil {
		return dst
	}
	dst = appendNumber(append(appendKey(dst, `"process":`), '{'), `"pid":`, uint64(p.PID))
	dst = appendText(dst, `"name":`, programOf(p))
	dst = appendText(dst, `"path":`, p.Executable)
	dst = appendCommand(dst, `"cmd_line":`, p)
	dst = appendObject(dst, `"user":`, func(dst []byte) []byte { return appendText(dst, `"name":`, p.User) })
	dst = appendObject(dst, `"container":`, func(dst []byte) []byte { return appendText(dst, `"uid":`, p.Container) })
	return append(dst, '}')
}

func appendProcessObservables(dst []byte, p *classify.Process, prefix string) []byte {
	if p == nil {
		return dst
	}
	if name := programOf(p); name != "" {
		dst = appendObservable(dst, prefix, `actor.process.name","type_id":9,"type":"Process Name"`)
		dst = append(appendText(dst, `"value":`, name), '}')
	}
	if p.User != "" {
		dst = appendObservable(dst, prefix, `actor.process.user.name","type_id":4,"type":"User Name"`)
		dst = append(appendText(dst, `"value":`, p.User), '}')
	}
	return dst
}
