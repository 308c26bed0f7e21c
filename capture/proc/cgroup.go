package proc

import (
	"bufio"
	"bytes"
	"strconv"
	"strings"
)

// cgroup is the control group of a process, and what its path says.
type cgroup struct{ path, unit, container string }

// readCgroup reads /proc/PID/cgroup (cgroups(7)): lines of an id, controllers and a
// path. The only hierarchy of version 2 has the id 0; in version 1 systemd's own has
// the name "systemd". Otherwise the longest path says most.
func readCgroup(text []byte) (c cgroup) {
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		id, rest, _ := strings.Cut(lines.Text(), ":")
		controllers, path, ok := strings.Cut(rest, ":")
		if !ok || path == "/" {
			continue
		}
		if id == "0" || controllers == "name=systemd" {
			return parseCgroup(path)
		}
		if len(path) > len(c.path) {
			c = parseCgroup(path)
		}
	}
	return c
}

func parseCgroup(path string) cgroup {
	c := cgroup{path: bounded(path, maxPath)}
	before := ""
	for element := range strings.SplitSeq(path, "/") {
		if id, ok := container(element); ok {
			c.container = id
		} else if (before == "lxc" || before == "lxc.payload") && element != "" {
			c.container = bounded(element, containerID)
		}
		before = element
		if unit := unescape(element); isUnit(unit) {
			c.unit = bounded(unit, maxName)
		}
	}
	return c
}

// isUnit reports whether a cgroup is a systemd unit: a service, or a scope, which a
// program makes, for example for a container. The innermost one counts.
func isUnit(name string) bool {
	return strings.HasSuffix(name, ".service") || strings.HasSuffix(name, ".scope") && !strings.HasPrefix(name, "init")
}

// containerID is the length of the ids of Docker, containerd, CRI-O and Podman, in
// hexadecimal digits.
const containerID = 64

// container returns the id in names such as docker-ID.scope, cri-containerd-ID.scope,
// libpod-ID.scope, crio-ID, or the id alone.
func container(element string) (id string, ok bool) {
	element = strings.TrimSuffix(element, ".scope")
	if name, ok := strings.CutPrefix(element, "lxc.payload."); ok {
		return bounded(name, containerID), name != ""
	}
	if isFargate(element) {
		return element, true
	}
	element = element[strings.LastIndexByte(element, '-')+1:]
	return element, len(element) == containerID && isHex(element)
}

// isFargate reports whether a name is that of a container of ECS on Fargate: 32
// hexadecimal digits, a hyphen, and a number.
func isFargate(element string) bool {
	id, number, _ := strings.Cut(element, "-")
	return len(id) == 32 && isHex(id) && number != "" && len(number) <= 20 && strings.Trim(number, "0123456789") == ""
}

func isHex(s string) bool {
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// unescape replaces systemd's escapes, such as \x2d (systemd.unit(5)).
func unescape(name string) string {
	if !strings.Contains(name, `\x`) {
		return name
	}
	var b strings.Builder
	for i := 0; i < len(name); i++ {
		if strings.HasPrefix(name[i:], `\x`) && i+4 <= len(name) {
			if c, err := strconv.ParseUint(name[i+2:i+4], 16, 8); err == nil {
				b.WriteByte(byte(c))
				i += 3
				continue
			}
		}
		b.WriteByte(name[i])
	}
	return b.String()
}
