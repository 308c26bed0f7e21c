package confine

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/landlock-lsm/go-landlock/landlock"
	"golang.org/x/sys/unix"
)

// grant lets a file, or a folder with all below it, be used.
type grant struct {
	path   string
	rights landlock.AccessFSSet
}

// grants are what Options name, as far as the user may use it.
type grants struct {
	user        account
	confined    bool // by Landlock; else only the user's rights count
	list        []grant
	read, write int
	doubts      []string // what will not work later, for the person
}

func (c *confinement) grants() *grants {
	_, lacking := c.kernel.noLandlock()
	g := &grants{user: current(), confined: !lacking}
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

// add grants rights to a path that the user may use so.
func (g *grants) add(path string, rights landlock.AccessFSSet, access uint32) error {
	if err := unix.Access(path, access); err != nil {
		return err
	}
	g.list = append(g.list, grant{path, rights})
	return nil
}

func (g *grants) doubt(path, format string, args ...any) {
	g.doubts = append(g.doubts, path+": "+fmt.Sprintf(format, args...))
}

func (g *grants) addRead(path string) {
	rights, access := readFile, uint32(unix.R_OK)
	if isFolder(path) {
		rights, access = readFolder, unix.R_OK|unix.X_OK
	}
	if err := g.add(path, rights, access); err != nil {
		g.doubt(path, "%s cannot read it later: %v", g.user, err)
		return
	}
	g.read++
}

// addReload grants the folder of the file, if it may.
func (g *grants) addReload(path string) {
	real := followed(path)
	folder := filepath.Dir(real)
	if !g.confined || !shared(folder) {
		g.addRead(folder)
		return
	}
	g.addRead(real)
	g.doubt(path, "when it is replaced by renaming it cannot be read again, because %s holds much else: a folder of its own helps", folder)
}

func (g *grants) addWrite(path string) {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		g.addOutputs(path)
	case err == nil && !info.Mode().IsRegular(): // a device or pipe is not rotated
		g.addOutput(path)
	default:
		g.addRotated(followed(path))
	}
}

func (g *grants) addOutputs(folder string) {
	if err := g.add(folder, writeFolder, unix.R_OK|unix.W_OK|unix.X_OK); err != nil {
		g.doubt(folder, "%s cannot make files in it later: %v", g.user, err)
		return
	}
	g.write++
}

func (g *grants) addOutput(path string) {
	if err := g.add(path, writeFile, unix.W_OK); err != nil {
		g.doubt(path, "%s cannot open it again: %v", g.user, err)
		return
	}
	g.write++
}

// addRotated grants the folder of the file, if it may.
func (g *grants) addRotated(path string) {
	folder := filepath.Dir(path)
	if !g.confined || !shared(folder) {
		g.addOutputs(folder)
		return
	}
	g.addOutput(path)
	g.doubt(path, "it cannot be rotated, because %s holds much else: a folder of its own helps", folder)
}

// addResolver grants what Go's resolver reads, and reads again when it has
// changed. /etc/resolv.conf is often a link into a folder of a resolver, which
// replaces it at every change.
func (c *confinement) addResolver(g *grants) {
	if !c.Resolve {
		return
	}
	for _, path := range []string{"/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/services"} {
		real := followed(path)
		if folder := filepath.Dir(real); !shared(folder) {
			_ = g.add(folder, readFolder, unix.R_OK|unix.X_OK)
		} else {
			_ = g.add(real, readFile, unix.R_OK) // the resolver has defaults
		}
	}
}

// addSockets grants the folders of sockets: whoever listens makes them anew.
func (c *confinement) addSockets(g *grants) {
	for _, e := range c.Connect {
		if e.Network != "unix" {
			continue
		}
		if err := g.add(filepath.Dir(e.Path), connectUnix, unix.X_OK); err != nil {
			g.doubt(e.Path, "%s cannot connect to it later: %v", g.user, err)
		}
	}
}

// followed is the path without symbolic links, or as it is when nothing is
// there.
func followed(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	return path
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// shared reports whether too much else lies in a folder, or may come to lie
// there, to open it whole: it is at the top, somebody's home or for everybody.
func shared(folder string) bool {
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
