//go:build !linux

package confine

import (
	"fmt"
	"runtime"
)

// Apply only reports that nothing is confined on this system. That is an error with
// Require, or with a user to change to.
func Apply(o Options) ([]Step, error) {
	if o.User != "" {
		return nil, fmt.Errorf("user %s: changing the user is not supported on %s", o.User, runtime.GOOS)
	}
	var steps []Step
	for _, name := range []string{stepUser, stepCapabilities, stepPrivileges, stepLandlock, stepSeccomp} {
		s := degraded(name, "not there on %s", runtime.GOOS)
		steps = append(steps, s)
		if err := o.require(s); err != nil {
			return steps, err
		}
	}
	return steps, nil
}
