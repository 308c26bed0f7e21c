//go:build !linux

package confine

import (
	"fmt"
	"runtime"
)

// Apply takes nothing away on this system, and says so. With Require, or a
// user to turn into, that is an error.
func Apply(o Options) ([]Step, error) {
	if o.User != "" {
		return nil, fmt.Errorf("user %s: changing the user is not supported on %s", o.User, runtime.GOOS)
	}
	var steps []Step
	for _, name := range []string{stepUser, stepCapabilities, stepPrivileges, stepLandlock, stepSeccomp} {
		s := degraded(name, "not there on %s", runtime.GOOS)
		steps = append(steps, s)
		if err := o.judge(s); err != nil {
			return steps, err
		}
	}
	return steps, nil
}
