package confine

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/landlock-lsm/go-landlock/landlock"
	ll "github.com/landlock-lsm/go-landlock/landlock/syscall"
	"golang.org/x/sys/unix"
)

// The access rights of Landlock that are granted. None lets the process execute a file,
// create folders, links, devices or sockets, or move a file to another folder.
const (
	readFile    landlock.AccessFSSet = unix.LANDLOCK_ACCESS_FS_READ_FILE
	readFolder                       = readFile | unix.LANDLOCK_ACCESS_FS_READ_DIR
	writeFile                        = readFile | unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_TRUNCATE
	writeFolder                      = readFolder | writeFile | unix.LANDLOCK_ACCESS_FS_MAKE_REG | unix.LANDLOCK_ACCESS_FS_REMOVE_FILE
	connectUnix landlock.AccessFSSet = ll.AccessFSResolveUnix
)

// confineFiles restricts files, and the ports of TCP and UDP if Landlock can.
func (c *confinement) confineFiles() error {
	if c.Examine {
		return c.note(done(stepLandlock, "left out: it would hide the processes that are looked for"))
	}
	g := c.grants()
	if g.obstacle != nil {
		return g.obstacle
	}
	for _, doubt := range g.warnings {
		if err := c.note(degraded("files", "%s", doubt)); err != nil {
			return err
		}
	}
	if s, lacking := c.kernel.missingLandlock(); lacking {
		return c.note(s)
	}
	if err := c.restrict(g.list); err != nil {
		if c.ReadAll {
			c.note(c.dropCapabilities(c.keptCapabilities()&^dacReadSearch, false))
		}
		return c.note(degraded(stepLandlock, "not set: %v: files are not confined", err))
	}
	return c.note(done(stepLandlock, "ABI %d, read %s, write %s", c.kernel.landlock, paths(g.read), paths(g.write)))
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

// portRules allows connections to the ports in Connect: of TCP from ABI 4 on, of UDP
// from ABI 10 on. A UDP socket that connects binds to any port (0).
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

// grant allows the use of a file, or of a folder and everything below it.
type grant struct {
	path   string
	rights landlock.AccessFSSet
}

// grants are the paths in Options, as far as the user may use them.
type grants struct {
	user        account
	confined    bool // by Landlock; without it only the user's rights count
	list        []grant
	read, write int
	warnings    []string // of what will not work later
	growing     []string // see Options.Growing
	obstacle    error    // the first *FolderError
}

func (c *confinement) grants() *grants {
	_, lacking := c.kernel.missingLandlock()
	g := &grants{user: current(), confined: !lacking, growing: c.Growing}
	for _, path := range c.ReadPaths {
		g.addRead(path)
	}
	for _, path := range c.ReloadPaths {
		g.addReload(path)
	}
	for _, path := range c.WritePaths {
		g.addWrite(path)
	}
	c.addResolver(g)
	c.addSockets(g)
	return g
}

// add grants rights to a path, if the process has this access with its capabilities.
func (g *grants) add(path string, rights landlock.AccessFSSet, access uint32) error {
	if err := unix.Faccessat(unix.AT_FDCWD, path, access, unix.AT_EACCESS); err != nil {
		return err
	}
	g.list = append(g.list, grant{path, rights})
	return nil
}

// warn notes what will not work later, once: two files may need the same folder.
func (g *grants) warn(path, format string, args ...any) {
	text := path + ": " + fmt.Sprintf(format, args...)
	if !slices.Contains(g.warnings, text) {
		g.warnings = append(g.warnings, text)
	}
}

func (g *grants) addRead(path string) {
	rights, access := readFile, uint32(unix.R_OK)
	if isFolder(path) {
		rights, access = readFolder, unix.R_OK|unix.X_OK
	}
	if err := g.add(path, rights, access); err != nil {
		g.warn(absolute(path), "%s cannot read it later: %v", g.user, err)
		return
	}
	g.read++
}

// addReload grants the folder of the file, unless that is too broad.
func (g *grants) addReload(path string) {
	real := resolved(path)
	folder := filepath.Dir(real)
	if !g.confined || !tooBroad(folder) {
		g.addRead(folder)
		return
	}
	if _, err := os.Stat(real); errors.Is(err, fs.ErrNotExist) {
		g.warn(path, "it cannot be read when it appears, because %s holds much else: use a folder of its own", absolute(folder))
		return
	}
	g.addRead(real)
	g.warn(path, "once it is replaced by renaming, it cannot be read again, because %s holds much else: put it into a folder of its own", absolute(folder))
}

func (g *grants) addWrite(path string) {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		g.addOutputs(path, path)
	case g.grows(path) && errors.Is(err, fs.ErrPermission): // it may be a folder
		g.hinder(path, path, err)
	case err == nil && !info.Mode().IsRegular(): // a device or pipe is not rotated
		g.addOutput(path)
	default:
		g.addRotated(path, resolved(path))
	}
}

// addOutputs grants a folder for a path, which is in it or is it.
func (g *grants) addOutputs(path, folder string) {
	if err := g.add(folder, writeFolder, unix.R_OK|unix.W_OK|unix.X_OK); err != nil {
		g.hinder(path, folder, err)
		g.warn(absolute(folder), "%s cannot make files in it later: %v", g.user, err)
		return
	}
	g.write++
}

func (g *grants) grows(path string) bool { return slices.Contains(g.growing, path) }

// hinder notes that no file can be created for a path, if that is an error.
func (g *grants) hinder(path, folder string, err error) {
	var call *fs.PathError
	if errors.As(err, &call) {
		err = call.Err
	}
	if g.grows(path) && g.obstacle == nil {
		g.obstacle = &FolderError{path, absolute(folder), g.user.name, g.user.group(), err}
	}
}

func (g *grants) addOutput(path string) {
	if err := g.add(path, writeFile, unix.W_OK); err != nil {
		g.warn(path, "%s cannot open it again: %v", g.user, err)
		return
	}
	g.write++
}

// addRotated grants the folder of the file, unless that is too broad. given is its path in
// Options.
func (g *grants) addRotated(given, path string) {
	folder := filepath.Dir(path)
	if !g.confined || !tooBroad(folder) {
		g.addOutputs(given, folder)
		return
	}
	g.hinder(given, folder, nil)
	g.addOutput(path)
	g.warn(path, "it cannot be rotated, because %s holds much else: put it into a folder of its own", absolute(folder))
}

// addResolver grants the files that Go's resolver reads, again when they change.
// /etc/resolv.conf is often a link into the folder of a local resolver, which replaces
// the file at every change.
func (c *confinement) addResolver(g *grants) {
	if !c.Resolve {
		return
	}
	for _, path := range []string{"/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/services"} {
		real := resolved(path)
		if folder := filepath.Dir(real); !tooBroad(folder) {
			_ = g.add(folder, readFolder, unix.R_OK|unix.X_OK)
		} else {
			_ = g.add(real, readFile, unix.R_OK) // the resolver has defaults without it
		}
	}
}

// addSockets grants the folders of Unix sockets: a listener that restarts creates a new
// socket.
func (c *confinement) addSockets(g *grants) {
	for _, e := range c.Connect {
		if e.Network != "unix" {
			continue
		}
		if err := g.add(filepath.Dir(e.Path), connectUnix, unix.X_OK); err != nil {
			g.warn(e.Path, "%s cannot connect to it later: %v", g.user, err)
		}
	}
}

// resolved returns the path without symbolic links, or path itself if it does not exist.
func resolved(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	return path
}

// absolute returns a path that says where it is: "." does not.
func absolute(path string) string {
	if full, err := filepath.Abs(path); err == nil {
		return full
	}
	return path
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// tooBroad reports whether a folder holds, or may come to hold, too many other things to
// be granted: a top-level folder, a home, or one in which everybody may create files.
func tooBroad(folder string) bool {
	folder, err := filepath.Abs(folder)
	if err != nil {
		return true
	}
	home, _ := os.UserHomeDir()
	above := filepath.Dir(folder)
	if above == "/" || above == "/home" || folder == home {
		return true
	}
	info, err := os.Stat(folder)
	return err == nil && info.Mode()&fs.ModeSticky != 0
}
