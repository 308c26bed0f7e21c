//go:build attacker && linux

package main

import (
	"io"
	"os"

	"tlsfloor/cmd/internal/attacker"
)

// attack tries what an intruder could do in the confined process.
func attack(process string) { attacker.Try(process, true, os.Stderr) }

// attackFree is a subcommand that tries the same without a sandbox: what fails there, too,
// says nothing about the sandbox.
const attackFree = "attack-free"

func init() {
	subcommands[attackFree] = func([]string, io.Reader, io.Writer, *messages) int {
		attacker.Try(attackFree, false, os.Stderr)
		return exitOK
	}
}
