//go:build !linux

package delivery

import (
	"errors"
	"os"

	"tlsfloor/cmd/internal/emit/ownership"
	"tlsfloor/cmd/internal/options"
)

var errNoShipper = errors.New("on this system, outputs on the network take two commands: tlsfloor -o journal:FOLDER, and tlsfloor ship FOLDER --to OUTPUT")

// Options are what starting the shipper takes.
type Options struct {
	Command string
	Heir    ownership.Heir
	Live    bool
}

// startedShipper does not exist here.
type startedShipper struct{ Socket *os.File }

// Start refuses outputs on the network.
func Start(*options.Remote, Options) (*Delivery, error) { return nil, errNoShipper }

func (*startedShipper) awaitEnd() {}

func forwardLog(*startedShipper, func(string)) {}
