// Command imports checks which package of the repository imports what. It reads every Go
// file, whatever its build constraints, and prints a line for each rule that is broken.
//
// depguard, which checks imports too, sees neither cgo nor files that are not built on
// this system, and has no rules for parents and children, calls or globals.
//
//	go run ./imports ROOT
package main

import (
	"fmt"
	"os"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: imports ROOT")
		os.Exit(2)
	}
	files, err := readTree(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, "imports:", err)
		os.Exit(2)
	}
	problems := check(files)
	for _, c := range problems {
		fmt.Fprintln(os.Stderr, c)
	}
	if len(problems) > 0 {
		os.Exit(1)
	}
}
