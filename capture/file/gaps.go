package file

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"tlsfloor/capture"
	"tlsfloor/capture/foreign"
)

// A Gap is a reason why something that was to be read was not, or not whole.
type Gap uint8

const (
	// NoCapture: text that is no capture, as notes beside captures are, or a
	// file without content. It hides nothing; every other gap may.
	NoCapture Gap = iota
	// Unknown: content of a format that is not known.
	Unknown
	// Archive: files packed into one, which may be captures.
	Archive
	// Unsupported: a capture in a format or version that is not read.
	Unsupported
	// Unreadable: a file or folder that could not be opened, listed or read.
	Unreadable
	// Truncated: an input that ended inside a record. What came before was read.
	Truncated
	// Damaged: an input whose rest could not be read.
	Damaged
	// Link: a symbolic link in a folder that leads out of it, or nowhere.
	Link
	// HiddenFolder: a folder in a folder, whose name begins with a dot.
	HiddenFolder
	// DeepFolder: a folder more than maxDepth below the one that was named.
	DeepFolder

	gapCount = iota
)

var gapNames = [gapCount]string{
	NoCapture:    "files that are no captures",
	Unknown:      "files of an unknown format",
	Archive:      "archives, which have to be unpacked first",
	Unsupported:  "captures in a format that is not read",
	Unreadable:   "files and folders that could not be read",
	Truncated:    "captures that end inside a record",
	Damaged:      "captures that are damaged",
	Link:         "symbolic links that lead out of the folder or nowhere",
	HiddenFolder: "hidden folders",
	DeepFolder:   fmt.Sprintf("folders more than %d deep", maxDepth),
}

// String names what has this gap, in the plural.
func (g Gap) String() string { return gapNames[g] }

// Gaps counts inputs by gap, each input once.
type Gaps [gapCount]uint64

// Hidden is how many inputs may hold handshakes that were not seen.
func (g *Gaps) Hidden() (n uint64) {
	for gap, count := range g {
		if Gap(gap) != NoCapture {
			n += count
		}
	}
	return n
}

// gapOf says which gap an error leaves; false: none.
func gapOf(err error) (Gap, bool) {
	for _, of := range []struct {
		err error
		gap Gap
	}{{capture.ErrTruncated, Truncated}, {capture.ErrDamaged, Damaged}, {foreign.ErrArchive, Archive}, {capture.ErrUnsupported, Unsupported}, {foreign.ErrUnknown, Unknown}, {capture.ErrNotCapture, NoCapture}} {
		if errors.Is(err, of.err) {
			return of.gap, true
		}
	}
	// The first of these counted its files already, the others were read.
	known := errors.Is(err, errNoCaptures) || errors.Is(err, ErrReplaced) || errors.Is(err, errRemoved)
	return Unreadable, !known
}

// trouble counts what is wrong with an input, and names the input.
func (s *Source) trouble(name string, err error) error {
	if gap, ok := gapOf(err); ok {
		s.gaps[gap]++
	}
	return inputError(name, err)
}

// Gaps returns how many inputs were not read, or not whole, so far. Like Next,
// it is for one goroutine.
func (s *Source) Gaps() Gaps { return s.gaps }

// maxLeftOutNames is how many of the names a LeftOut gives.
const maxLeftOutNames = 5

// LeftOut is what was left out of a folder for one reason.
type LeftOut struct {
	Folder string // as it was named
	Why    Gap
	Count  int
	// Names are the first of them, relative to the folder.
	Names []string
}

// String is a line for a person.
func (l *LeftOut) String() string {
	names := strings.Join(l.Names, ", ")
	if more := l.Count - len(l.Names); more > 0 {
		names += fmt.Sprintf(" and %d more", more)
	}
	return fmt.Sprintf("%s: left out %s (%d): %s", l.Folder, l.Why, l.Count, names)
}

// LeftOut returns what was left out of the folders that were named, without
// what Next returns an error about, as far as it was known when Open returned.
func (s *Source) LeftOut() []LeftOut { return s.leftOut }

// leaveOut notes a member of a folder that is not read. What comes while a
// folder is followed is counted only.
func (s *Source) leaveOut(of *folder, name string, why Gap) {
	s.gaps[why]++
	if s.opened {
		return
	}
	l := s.leftOutFor(of, why)
	l.Count++
	if rel, err := filepath.Rel(of.path, name); err == nil && len(l.Names) < maxLeftOutNames {
		l.Names = append(l.Names, rel)
	}
}

func (s *Source) leftOutFor(of *folder, why Gap) *LeftOut {
	for i := range s.leftOut {
		if l := &s.leftOut[i]; l.Folder == of.path && l.Why == why {
			return l
		}
	}
	s.leftOut = append(s.leftOut, LeftOut{Folder: of.path, Why: why})
	return &s.leftOut[len(s.leftOut)-1]
}
