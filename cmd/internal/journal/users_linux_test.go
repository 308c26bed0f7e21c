package journal

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"tlsfloor/cmd/internal/testing/wait"
)

// Users without a name: the sensor's, and another one in the same group.
const (
	sensorUser  = 54321
	shipperUser = 54322
	sensorGroup = 54323
)

// publicFolder is a folder that every user may enter, with a copy of this program.
func publicFolder(t *testing.T) (folder, program string) {
	t.Helper()
	if testing.Short() {
		t.Skip("make quick leaves out what takes root")
	}
	if os.Geteuid() != 0 {
		t.Skip("other users need root")
	}
	folder, err := os.MkdirTemp("", "journal")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	text, err := os.ReadFile("/proc/self/exe")
	program = filepath.Join(folder, "program")
	if err == nil {
		err = errors.Join(os.WriteFile(program, text, 0o755), os.Chmod(folder, 0o755))
	}
	if err != nil {
		t.Fatal(err)
	}
	return folder, program
}

// asUser makes a command run as a user, with its own group and the sensor's.
func asUser(cmd *exec.Cmd, user uint32) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: user, Gid: user, Groups: []uint32{sensorGroup}}}
}

// Root makes a journal in a folder of the sensor's user, who goes on with it. A reader of
// the group sets a cursor that the writer can read, although both have other main groups.
func TestUsers(t *testing.T) {
	public, program := publicFolder(t)
	home := filepath.Join(public, "home")
	if err := errors.Join(os.Mkdir(home, 0o755), os.Chown(home, sensorUser, sensorGroup)); err != nil {
		t.Fatal(err)
	}
	defer syscall.Umask(syscall.Umask(0o027))
	folder := filepath.Join(home, "journal")
	w := create(t, Options{Folder: folder, Size: MinSize})
	if err := w.Append([]byte(eventOf(0, paddingOf(0))+"\n"), 1); err != nil {
		t.Fatal(err)
	}
	closeWriter(t, w)
	var l ledger
	writer := &child{t: t, program: program, role: "write " + folder, hear: l.hearWriter, user: sensorUser}
	reader := &child{t: t, program: program, role: "read " + folder, hear: l.hearReader, user: shipperUser}
	writer.start()
	reader.start()
	// The writer waits for the reader: with this many events it must have seen the cursor.
	wait.Until(t, func() bool { return l.read.Load() > 500 || l.wrong.Load() != nil })
	writer.kill()
	reader.kill()
	if wrong := l.wrong.Load(); wrong != nil || l.lost.Load() > 0 {
		t.Errorf("%v, %d lost", wrong, l.lost.Load())
	}
}

// What the owner of the folder puts there instead of a segment or a cursor is not opened:
// a link to a secret of the reader, and a named pipe, which would block it.
func TestTraps(t *testing.T) {
	for name, trap := range map[string]func(path string) error{
		"link": func(path string) error { return os.Symlink("/etc/passwd", path) },
		"pipe": func(path string) error { return syscall.Mkfifo(path, 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			folder := fill(t, 3, "")
			path := segmentPath(folder, 3)
			if err := trap(path); err != nil {
				t.Fatal(err)
			}
			cursors := Cursors(folder)
			if os.Geteuid() == 0 { // which follows links of its own folders
				if err := errors.Join(os.Chown(folder, sensorUser, sensorGroup), os.Chown(cursors, sensorUser, sensorGroup)); err != nil {
					t.Fatal(err)
				}
			}
			if file, _, err := openRead(path); err == nil {
				t.Errorf("%s is opened", file.Name())
			}
			if file, _, err := openFile(path); err == nil && name == "pipe" {
				t.Errorf("%s is opened", file.Name())
			}
			r := openReader(t, folder)
			take(t, r, 0, 3, "")
			if line, _, err := r.Next(); !errors.Is(err, io.EOF) {
				t.Errorf("%q, %v", line, err)
			}
			if err := trap(filepath.Join(cursors, "reader")); err != nil {
				t.Fatal(err)
			}
			if c, err := OpenCursor(cursors, "reader"); err == nil {
				t.Errorf("%+v is opened", c)
			}
			if at := cursorEvent(filepath.Join(cursors, "reader")); at != 0 {
				t.Errorf("a trap is at %d", at)
			}
		})
	}
}

// A folder with any number of files does not fill the memory of who lists it.
func TestManyFiles(t *testing.T) {
	if testing.Short() {
		t.Skip("make quick leaves out what makes 70,000 files")
	}
	folder := memoryFolder(t)
	for i := range maxEntries + 300 {
		file, err := os.Create(segmentPath(folder, uint64(i)))
		if err != nil {
			t.Fatal(err)
		}
		file.Close()
	}
	if _, err := OpenReader(folder); !errors.Is(err, errManyEntries) {
		t.Errorf("a reader gets %v", err)
	}
	if names := cursorNames(folder); names != nil {
		t.Errorf("%d cursors", len(names))
	}
}
