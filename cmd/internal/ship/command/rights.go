package command

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"

	"tlsfloor/cmd/internal/report"
	"tlsfloor/cmd/internal/ship"
)

// checkReadable returns an error if an input cannot be read by the user that the process
// has now, with the command that mends it.
func (s *shipping) checkReadable() error {
	for _, input := range s.options.Inputs {
		f, err := os.Open(input)
		if err == nil && ship.IsJournal(input) {
			_, err = f.Readdirnames(1)
		}
		if f != nil {
			f.Close()
		}
		if !errors.Is(err, fs.ErrPermission) {
			continue // what else fails may pass, and is reported when it is read
		}
		return fmt.Errorf("ship: %s: %s (--user) cannot read it; mend it with: %s", input, userName(), report.ShellLine(mendReading(input)))
	}
	return nil
}

func userName() string {
	uid := strconv.Itoa(os.Geteuid())
	if u, err := user.LookupId(uid); err == nil {
		return u.Username
	}
	return "user " + uid
}

// mendReading is a command that lets the process read an input: as a member of the group,
// or where a folder above it has another one, as anybody who may enter that.
func mendReading(input string) []string {
	above := ""
	for folder := filepath.Dir(input); ; folder = filepath.Dir(folder) {
		if syscall.Access(folder, 1) != nil { // to enter it
			above = folder
		}
		if folder == filepath.Dir(folder) {
			break
		}
	}
	switch {
	case above != "" && isOfGroup(above):
		return []string{"chmod", "g+x", above}
	case above != "":
		return []string{"chmod", "o+x", above}
	case isOfGroup(input):
		return []string{"chmod", "g+rX", input}
	}
	return []string{"chgrp", "-R", strconv.Itoa(os.Getegid()), input}
}

func isOfGroup(path string) bool {
	info, err := os.Stat(path)
	if err != nil {
		return false
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(owner.Gid) == os.Getegid()
}
