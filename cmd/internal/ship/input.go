package ship

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"tlsfloor/cmd/internal/emit/config"
	"tlsfloor/cmd/internal/journal"
)

// openInputs opens the inputs for an output, each at the output's own place.
func (s *Shipper) openInputs(c *config.Config) (all []*input, err error) {
	for _, path := range s.options.Inputs {
		in, err := s.openInput(path, c.FileName())
		if err != nil {
			for _, opened := range all {
				err = errors.Join(err, opened.close())
			}
			return nil, err
		}
		all = append(all, in)
	}
	return all, nil
}

func (s *Shipper) openInput(path, name string) (*input, error) {
	in := new(input)
	folder := IsJournal(path)
	var err error
	if folder {
		in.reader, err = journal.OpenReader(path)
	} else {
		in.reader, err = journal.OpenFile(path)
	}
	if err != nil {
		return nil, err
	}
	state := s.options.State
	switch {
	case state != "":
		name += "-" + hashOf(path)
	case folder:
		state = journal.Cursors(path)
	default:
		return in, nil
	}
	if in.cursor, err = journal.OpenCursor(state, name); err != nil {
		return nil, errors.Join(inUse(path, err), in.reader.Close())
	}
	if err := in.cursor.Resume(in.reader); err != nil {
		return nil, errors.Join(err, in.close())
	}
	in.at = in.cursor.Position()
	return in, nil
}

// inUse says what is in use: the name of the cursor says nothing to the user.
func inUse(input string, err error) error {
	if errors.Is(err, journal.ErrInUse) {
		return fmt.Errorf("another tlsfloor delivers %s there", input)
	}
	return err
}

// IsJournal reports whether an input is the folder of a journal.
func IsJournal(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// CheckInput returns an error for an input that is not there. What is not there cannot be
// told to be a journal or a file: a journal would be waited for as a file, without a word.
// Of a file that is being rotated, the one before is there.
func CheckInput(path string) error {
	_, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) && journal.WasRotated(path) {
		return nil
	}
	return err
}

// hashOf tells inputs apart in a folder of cursors.
func hashOf(path string) string {
	if full, err := filepath.Abs(path); err == nil {
		path = full
	}
	sum := sha256.Sum256([]byte(path))
	return hex.EncodeToString(sum[:4])
}
