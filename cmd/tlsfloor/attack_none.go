//go:build !attacker || !linux

package main

// attack does nothing, except in the program that "make system" builds.
func attack(string) {}
