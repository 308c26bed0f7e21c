package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"
)

// frozen is a file system with one file, whose server stops responding, as one on the
// network may. System calls on it hang.
type frozen struct {
	folder  string
	content []byte
	after   atomic.Uint32 // the operation with the last response; 0: none yet
	spared  int           // responses to it before that
	device  int
}

// Operations of FUSE (linux/fuse.h).
const (
	fuseLookup     = 1
	fuseForget     = 2
	fuseGetattr    = 3
	fuseOpen       = 14
	fuseRead       = 15
	fuseInit       = 26
	fuseOpendir    = 27
	fuseReaddir    = 28
	fuseNodeFile   = 2
	fuseHeaderIn   = 40
	fuseHeaderOut  = 16
	fuseMaxRequest = 128 << 10
)

// newFrozen mounts a file system with the file "file", or skips the test.
func newFrozen(t *testing.T, content []byte) *frozen {
	t.Helper()
	f := &frozen{folder: room(t), content: content}
	device, err := unix.Open("/dev/fuse", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Skipf("no FUSE: %v", err)
	}
	f.device = device
	options := fmt.Sprintf("fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", device)
	if err := unix.Mount("frozen", f.folder, "fuse", 0, options); err != nil {
		unix.Close(device)
		t.Skipf("no FUSE: %v", err)
	}
	t.Cleanup(func() {
		unix.Close(device) // ends the calls that hang
		_ = unix.Unmount(f.folder, unix.MNT_DETACH)
	})
	go f.serve()
	// Closing a file flushes it, which cannot be interrupted, unless the server has once
	// responded that there is nothing to flush.
	file, err := os.Open(f.path())
	must(t, err)
	must(t, file.Close())
	return f
}

func (f *frozen) path() string { return f.folder + "/file" }

// freeze makes the response to an operation the last one.
func (f *frozen) freeze(after uint32) { f.after.Store(after) }

func (f *frozen) serve() {
	for buf := make([]byte, fuseMaxRequest); ; {
		n, err := unix.Read(f.device, buf)
		if err == unix.EINTR || err == unix.ENOENT {
			continue
		}
		if err != nil || n < fuseHeaderIn {
			return
		}
		operation := binary.NativeEndian.Uint32(buf[4:])
		if operation == fuseForget {
			continue
		}
		answer, status := f.answer(operation, buf[:n])
		out := make([]byte, fuseHeaderOut, fuseHeaderOut+len(answer))
		binary.NativeEndian.PutUint32(out, uint32(fuseHeaderOut+len(answer)))
		binary.NativeEndian.PutUint32(out[4:], uint32(-int32(status)))
		copy(out[8:], buf[8:16])
		if _, err := unix.Write(f.device, append(out, answer...)); err != nil {
			return
		}
		if operation == f.after.Load() {
			if f.spared--; f.spared < 0 {
				return
			}
		}
	}
}

func (f *frozen) answer(operation uint32, request []byte) (answer []byte, status unix.Errno) {
	node, body := binary.NativeEndian.Uint64(request[16:]), request[fuseHeaderIn:]
	switch operation {
	case fuseInit:
		answer = make([]byte, 64)
		binary.NativeEndian.PutUint32(answer, 7)
		binary.NativeEndian.PutUint32(answer[4:], 31)
		binary.NativeEndian.PutUint32(answer[20:], 64<<10)
	case fuseLookup:
		if string(body) != "file\x00" {
			return nil, unix.ENOENT
		}
		answer = make([]byte, 40)
		binary.NativeEndian.PutUint64(answer, fuseNodeFile)
		answer = append(answer, f.attributes(fuseNodeFile)...)
	case fuseGetattr:
		answer = append(make([]byte, 16), f.attributes(node)...)
	case fuseOpen, fuseOpendir:
		answer = make([]byte, 16)
	case fuseRead:
		from := min(binary.NativeEndian.Uint64(body[8:]), uint64(len(f.content)))
		answer = f.content[from:min(from+uint64(binary.NativeEndian.Uint32(body[16:])), uint64(len(f.content)))]
	case fuseReaddir:
		if binary.NativeEndian.Uint64(body[8:]) > 0 {
			return nil, 0
		}
		answer = make([]byte, 32)
		binary.NativeEndian.PutUint64(answer, fuseNodeFile)
		binary.NativeEndian.PutUint64(answer[8:], 1)
		binary.NativeEndian.PutUint32(answer[16:], 4)
		binary.NativeEndian.PutUint32(answer[20:], unix.DT_REG)
		copy(answer[24:], "file")
	default:
		return nil, unix.ENOSYS
	}
	return answer, 0
}

// attributes is a struct fuse_attr.
func (f *frozen) attributes(node uint64) []byte {
	b := make([]byte, 88)
	mode, size := uint32(unix.S_IFDIR|0o755), 0
	if node == fuseNodeFile {
		mode, size = unix.S_IFREG|0o644, len(f.content)
	}
	binary.NativeEndian.PutUint64(b, node)
	binary.NativeEndian.PutUint64(b[8:], uint64(size))
	binary.NativeEndian.PutUint32(b[60:], mode)
	binary.NativeEndian.PutUint32(b[64:], 1)
	return b
}
