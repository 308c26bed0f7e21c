package proc

import (
	"debug/buildinfo"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// file is a file, as it was at a time.
type file struct {
	device, inode    uint64
	seconds, nanosec int64
}

// built is what a Go program was built from.
type built struct {
	version string
	modules []string
}

// maxPrograms bounds the programs that are remembered.
const maxPrograms = 256

// maxProgram bounds the files that are looked into, in bytes.
const maxProgram = 512 << 20

// programs remember what was found in files of programs: looking takes a
// millisecond.
type programs struct{ known map[file]built }

// goModules are what the paths of modules begin with that speak to AWS, or TLS
// in another way than the standard library.
var goModules = []string{"github.com/aws/aws-sdk-go", "github.com/minio/minio-go", "github.com/refraction-networking/utls", "gocloud.dev"}

// build looks into the program at path, if it is one of Go.
func (p *programs) build(path string) (version string, modules []string) {
	var status unix.Stat_t
	if unix.Stat(path, &status) != nil || status.Mode&unix.S_IFMT != unix.S_IFREG || status.Size > maxProgram {
		return "", nil
	}
	key := file{uint64(status.Dev), status.Ino, status.Mtim.Sec, status.Mtim.Nsec}
	b, ok := p.known[key]
	if !ok {
		if p.known == nil || len(p.known) >= maxPrograms {
			p.known = make(map[file]built)
		}
		b = look(path)
		p.known[key] = b
	}
	return b.version, b.modules
}

// look reads Go's own description of a program, which package debug/buildinfo
// bounds.
func look(path string) (b built) {
	f, err := os.Open(path)
	if err != nil {
		return b
	}
	defer f.Close()
	info, err := buildinfo.Read(f)
	if err != nil {
		return b
	}
	b.version = bounded(info.GoVersion, 64)
	for _, m := range info.Deps {
		if len(b.modules) < maxModules && slices.ContainsFunc(goModules, func(prefix string) bool { return strings.HasPrefix(m.Path, prefix) }) {
			b.modules = append(b.modules, bounded(m.Path+"@"+m.Version, MaxArgument))
		}
	}
	return b
}
