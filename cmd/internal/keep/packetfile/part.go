package packetfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/itchyny/timefmt-go"
	"golang.org/x/sys/unix"

	"tlsfloor/capture/pcap"
	"tlsfloor/cmd/internal/emit/ownership"
	"tlsfloor/cmd/internal/regular"
)

// mode hides packets from other users, as findings are.
const mode = 0o640

// openAgain is how long after a failure the next file is tried again. Meanwhile packets
// go to the one before.
const openAgain = time.Minute

// part is the file that is being written.
type part struct {
	options *Options
	to      io.Writer
	file    *os.File // nil: Stdout
	path    string
	regular bool
	size    int64     // of a regular file, up to the last whole block
	torn    bool      // there may be bytes beyond size
	known   int       // bytes of the interfaces that its section has
	until   time.Time // when the next file begins, with Every
	broken  bool
}

// name is the path of a file that begins at a time.
func (o *Options) name(at time.Time) string {
	if o.Every == 0 {
		return o.Path
	}
	folder, last := filepath.Split(o.Path)
	return folder + timefmt.Format(at.Local(), last)
}

func (p *part) openFirst() error {
	if p.options.Path == "-" {
		p.to, p.path = p.options.Stdout, "-"
		return p.begin()
	}
	now := p.options.Now()
	p.until = now.Add(p.options.Every)
	return p.open(p.options.name(now))
}

// open makes the file at a path the one that is written. If it fails, the one before
// stays.
func (p *part) open(path string) error {
	file, isRegular, err := openFile(path)
	if err != nil {
		return err
	}
	next := part{options: p.options, to: file, file: file, path: path, regular: isRegular, until: p.until}
	if isRegular {
		if next.size, err = p.options.takeOver(file, path); err != nil {
			return errors.Join(err, file.Close())
		}
	}
	if err := next.begin(); err != nil {
		return errors.Join(err, file.Close())
	}
	old := p.file
	*p = next
	if old != nil {
		return old.Close()
	}
	return nil
}

// openFile opens a file, which may be a pipe or a device.
func openFile(path string) (file *os.File, isRegular bool, err error) {
	if regular.IsDescriptor(path) || path == "/dev/stdout" || path == "/dev/stderr" {
		file, err = os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	} else if info, statErr := os.Stat(path); statErr == nil && !info.Mode().IsRegular() && !info.IsDir() {
		file, err = ownership.Open(path, os.O_WRONLY, 0)
	} else {
		file, err = ownership.Open(path, os.O_RDWR|os.O_APPEND|os.O_CREATE, mode)
	}
	if err != nil {
		return nil, false, err
	}
	info, err := file.Stat()
	if err != nil {
		return nil, false, errors.Join(err, file.Close())
	}
	return file, info.Mode().IsRegular(), nil
}

// takeOver locks a regular file and decides what becomes of its content. It returns the
// size up to which that stays.
func (o *Options) takeOver(file *os.File, path string) (size int64, err error) {
	info, err := file.Stat()
	if err != nil {
		return 0, err
	}
	if err := o.refuse(file, info, path); err != nil {
		return 0, err
	}
	if info.Size() == 0 {
		return 0, nil
	}
	if o.Every > 0 && o.Now().Sub(info.ModTime()) < o.Every {
		if size, ok := wholeBlocks(file, info.Size()); ok {
			return size, file.Truncate(size)
		}
	}
	o.note("%s: the capture that was there (%d bytes) is overwritten", path, info.Size())
	return 0, file.Truncate(0)
}

func (o *Options) note(format string, args ...any) {
	if o.Note != nil {
		o.Note(fmt.Sprintf(format, args...))
	}
}

// refuse returns an error if the file is not to be overwritten.
func (o *Options) refuse(file *os.File, info fs.FileInfo, path string) error {
	for _, input := range o.Inputs {
		if read, err := os.Stat(input); err == nil && (os.SameFile(read, info) || info.Size() > 0 && read.IsDir() && isBelow(path, input)) {
			return &pathError{path, errors.New("it is read, too: give -w another name")}
		}
	}
	if err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB); errors.Is(err, unix.EWOULDBLOCK) {
		return &pathError{path, errors.New("another tlsfloor, or an output of this one, writes to it")}
	}
	head := make([]byte, pcap.MagicLen)
	if n, _ := file.ReadAt(head, 0); info.Size() > 0 && (n < len(head) || !pcap.Begins(head)) {
		return &pathError{path, errors.New("it is there, and is no capture: not overwriting it")}
	}
	return nil
}

// isBelow reports whether a file is in a folder, or below it.
func isBelow(path, folder string) bool {
	path, err := filepath.Abs(path)
	folder, err2 := filepath.Abs(folder)
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	if real, err := filepath.EvalSymlinks(folder); err == nil {
		folder = real
	}
	rest, err3 := filepath.Rel(folder, path)
	return errors.Join(err, err2, err3) == nil && filepath.IsLocal(rest)
}

// begin begins a section.
func (p *part) begin() error {
	p.known = 0
	return p.append(pcap.AppendSection(nil, p.options.Application))
}

// write writes packets, and the interfaces that the file does not have yet.
func (p *part) write(interfaces, blocks []byte) error {
	if p.broken {
		return &pathError{p.path, errSlow}
	}
	if len(interfaces) > p.known {
		if err := p.append(interfaces[p.known:]); err != nil {
			return err
		}
		p.known = len(interfaces)
	}
	return p.append(blocks)
}

// append writes whole blocks. If it fails, it cuts off what was written of them.
func (p *part) append(blocks []byte) error {
	if err := p.cutTorn(); err != nil {
		return err
	}
	n, err := p.to.Write(blocks)
	if err == nil {
		p.size += int64(n)
		return nil
	}
	if !p.regular {
		p.broken = true
		return p.error(err)
	}
	p.torn = n > 0
	return p.error(errors.Join(err, p.cutTorn()))
}

// cutTorn cuts off what is beyond the last whole block.
func (p *part) cutTorn() error {
	if !p.torn {
		return nil
	}
	if err := p.file.Truncate(p.size); err != nil {
		return p.error(err)
	}
	p.torn = false
	return nil
}

// error names the file in an error, instead of the system call.
func (p *part) error(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return &pathError{p.path, err}
}

// rotateIfDue opens the next file if a period has ended, unless it has the same name.
func (p *part) rotateIfDue() error {
	now := p.options.Now()
	if p.options.Every == 0 || now.Before(p.until) {
		return nil
	}
	path := p.options.name(now)
	if path != p.path {
		if err := p.open(path); err != nil {
			p.until = now.Add(min(openAgain, p.options.Every))
			return err
		}
	}
	for !now.Before(p.until) {
		p.until = p.until.Add(p.options.Every * max(1, now.Sub(p.until)/p.options.Every))
	}
	return nil
}

// reopen opens the path again, if it leads to another file now.
func (p *part) reopen() error {
	if !p.regular {
		return nil
	}
	mine, err := p.file.Stat()
	if err != nil {
		return p.error(err)
	}
	if there, err := os.Stat(p.path); err == nil && os.SameFile(mine, there) {
		return nil
	}
	return p.open(p.path)
}

// close ends the file. libpcap reads no file without an interface, so one without packets
// gets one.
func (p *part) close(interfaces []byte) error {
	var errs []error
	if len(interfaces) == 0 && !p.broken {
		errs = append(errs, p.append(pcap.AppendInterface(nil, 1, "")))
	}
	if p.regular {
		errs = append(errs, p.file.Sync())
	}
	if p.file != nil {
		errs = append(errs, p.file.Close())
	}
	return errors.Join(errs...)
}

// wholeBlocks returns the size of a pcapng file up to its last whole block. ok is false if
// it cannot be gone on with: it is no such file, or damaged.
func wholeBlocks(file io.ReaderAt, size int64) (end int64, ok bool) {
	return pcap.Whole(io.NewSectionReader(file, 0, size))
}
