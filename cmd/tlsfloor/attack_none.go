//go:build !attacker || !linux

package main

// attack is where "make system" has an intruder try what the process can still do.
func attack(string) {}
