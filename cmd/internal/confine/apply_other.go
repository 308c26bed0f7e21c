//go:build !linux

package confine

import (
	"errors"
	"runtime"

	"tlsfloor/cmd/internal/emit/ownership"
)

// Heir returns no user: Apply changes to none.
func (o Options) Heir() ownership.Heir { return ownership.Heir{} }

// Apply only reports that nothing is confined on this system. That is an error with
// Require, or with a user to change to.
func Apply(o Options) ([]Step, error) {
	if o.User != "" {
		return nil, &UserError{o.User, errors.New("changing the user is not supported on " + runtime.GOOS)}
	}
	s := degraded(stepAll, "does not exist on %s", runtime.GOOS)
	return []Step{s}, o.require(s)
}
