//go:build attacker && linux

package main

import (
	"io"
	"os"

	"tlsfloor/cmd/internal/attacker"
)

// attack has an intruder try what the process can still do.
func attack(process string) { attacker.Try(process, true, os.Stderr) }

// attackFree is the same without any sandbox: what cannot be done there, either,
// says nothing about one.
const attackFree = "attack-free"

func init() {
	subcommands[attackFree] = func([]string, io.Reader, io.Writer, *messages) int {
		attacker.Try(attackFree, false, os.Stderr)
		return exitOK
	}
}
