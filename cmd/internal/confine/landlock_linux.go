package confine

import (
	"fmt"

	"github.com/landlock-lsm/go-landlock/landlock"
	ll "github.com/landlock-lsm/go-landlock/landlock/syscall"
	"golang.org/x/sys/unix"
)

// What is granted, in Landlock's words. Nothing can be executed; no folder,
// link, device or socket be made; nothing be moved to another folder.
const (
	readFile    landlock.AccessFSSet = unix.LANDLOCK_ACCESS_FS_READ_FILE
	readFolder                       = readFile | unix.LANDLOCK_ACCESS_FS_READ_DIR
	writeFile                        = readFile | unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_TRUNCATE
	writeFolder                      = readFolder | writeFile | unix.LANDLOCK_ACCESS_FS_MAKE_REG | unix.LANDLOCK_ACCESS_FS_REMOVE_FILE
	connectUnix landlock.AccessFSSet = ll.AccessFSResolveUnix
)

// files closes the file system, and with it TCP ports where Landlock can.
func (c *confinement) files() error {
	if c.Examine {
		return c.took(done(stepLandlock, "left out: it would hide the processes that are looked for"))
	}
	g := c.grants()
	for _, doubt := range g.doubts {
		if err := c.took(degraded("files", "%s", doubt)); err != nil {
			return err
		}
	}
	if s, lacking := c.kernel.noLandlock(); lacking {
		return c.took(s)
	}
	if err := c.restrict(g.list); err != nil {
		return c.took(degraded(stepLandlock, "not set: %v: files are not confined", err))
	}
	return c.took(done(stepLandlock, "ABI %d, read %s, write %s", c.kernel.landlock, paths(g.read), paths(g.write)))
}

func paths(n int) string {
	switch n {
	case 0:
		return "nothing"
	case 1:
		return "1 path"
	}
	return fmt.Sprintf("%d paths", n)
}

func (c *confinement) restrict(list []grant) error {
	config := rulesets[c.kernel.landlock]
	rules := c.portRules(config.HandledAccessNet)
	for _, g := range list {
		if rights := g.rights & config.HandledAccessFS; rights != 0 {
			rules = append(rules, landlock.PathAccess(rights, g.path))
		}
	}
	return config.Restrict(rules...)
}

// portRules lets TCP connect to the ports of Connect from ABI 4 on, and UDP
// from ABI 10 on. A UDP socket is bound to any port (0) when it connects.
func (c *confinement) portRules(handled landlock.AccessNetSet) (rules []landlock.Rule) {
	tcp, udp := c.ports()
	if handled&ll.AccessNetConnectTCP != 0 {
		for _, port := range tcp {
			rules = append(rules, landlock.ConnectTCP(port))
		}
	}
	if handled&ll.AccessNetConnectSendUDP != 0 && len(udp) > 0 {
		rules = append(rules, landlock.BindUDP(0))
		for _, port := range udp {
			rules = append(rules, landlock.ConnectSendUDP(port))
		}
	}
	return rules
}
