//go:build !linux

package main

import (
	"errors"
	"os"

	"tlsfloor/cmd/internal/options"
)

var errNoShipper = errors.New("on this system, outputs on the network take two commands: tlsfloor -o journal:FOLDER, and tlsfloor ship FOLDER --to OUTPUT")

// startedShipper does not exist here.
type startedShipper struct{ Socket *os.File }

// startShipper refuses outputs on the network.
func startShipper(o *options.Options, _ *watcher) (*delivery, error) {
	if remote, err := o.Remote(); err != nil || remote == nil {
		return nil, nil // prepare reports the error
	}
	return nil, errNoShipper
}

func (*startedShipper) awaitEnd() {}

func confineLog(*startedShipper, func(string)) {}
