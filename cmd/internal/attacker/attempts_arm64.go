//go:build attacker && linux

package attacker

// machine has the calls that only this machine type has: none that matter here.
func machine() []attempt { return nil }
