package transport

import (
	"bytes"
	"errors"
	"fmt"
	"os"

	"tlsfloor/cmd/internal/regular"
)

// maxSecret bounds what is read of a secret's file, in bytes.
const maxSecret = 64 << 10

// Secret says where a secret is. The secret itself is never part of a
// configuration, and so of no message and no list of processes.
type Secret struct {
	File     string
	Variable string // of the environment
}

// Given reports whether the secret is said to be anywhere.
func (s Secret) Given() bool { return s.File != "" || s.Variable != "" }

// Read returns the secret. Errors name the place only.
func (s Secret) Read() (string, error) {
	if s.File != "" {
		return s.readFile()
	}
	text, ok := os.LookupEnv(s.Variable)
	if !ok {
		return "", fmt.Errorf("the environment has no %s", s.Variable)
	}
	secret, err := clean([]byte(text))
	if err != nil {
		return "", fmt.Errorf("the environment's %s %w", s.Variable, err)
	}
	return secret, nil
}

func (s Secret) readFile() (string, error) {
	text, err := regular.Read(s.File, maxSecret)
	if err != nil {
		return "", err
	}
	secret, err := clean(text)
	if err != nil {
		return "", fmt.Errorf("%s %w", s.File, err)
	}
	return secret, nil
}

// clean takes white space from the ends: an editor puts a newline there. A
// control character inside would be a header of its own in a request.
func clean(text []byte) (string, error) {
	text = bytes.TrimSpace(text)
	if len(text) == 0 {
		return "", errors.New("is empty")
	}
	for _, c := range text {
		if c < ' ' || c > '~' {
			return "", errors.New("holds more than one line of printable ASCII")
		}
	}
	return string(text), nil
}
