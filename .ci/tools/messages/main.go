// Messages lists the texts of a program that can reach a person: errors, messages, the
// help of options, and every other text of several words that its code can come to.
//
//	go run ./messages FOLDER
//
// FOLDER holds the module of tlsfloor. Each line has a text, what it is, and where it is
// written, by package. What the program fills in is <text>, <number>, <time> or <cause>,
// which is another error's text. At the end are the texts with a flaw that a program can
// find: words of Go's, and values printed as Go prints them. The exit status is 1 if there
// are any.
//
// The guides of classify/advice are pages of their own, and are not listed: "tlsfloor
// explain ID" prints them.
package main

import (
	"fmt"
	"io"
	"log"
	"os"
	"strings"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: messages FOLDER")
	}
	all, err := list(os.Args[1])
	if err != nil {
		log.Fatalf("messages: %v", err)
	}
	write(os.Stdout, all)
	if flawed := writeFlaws(os.Stdout, all); flawed > 0 {
		log.Fatalf("messages: %d with a flaw", flawed)
	}
}

// write prints the messages by package.
func write(w io.Writer, all []*message) {
	pkg := ""
	for _, m := range all {
		if m.pkg != pkg {
			pkg = m.pkg
			fmt.Fprintf(w, "\n%s\n", pkg)
		}
		text := strings.ReplaceAll(strings.TrimSpace(m.text), "\n", "\n    ")
		fmt.Fprintf(w, "  %s  [%s, %s]\n", text, m.kind, strings.Join(m.places, ", "))
	}
	fmt.Fprintf(w, "\n%d texts\n", len(all))
}

// writeFlaws prints the texts with a flaw, and returns how many they are.
func writeFlaws(w io.Writer, all []*message) (flawed int) {
	for _, m := range all {
		for _, flaw := range m.flaws {
			fmt.Fprintf(w, "%s/%s: %s: %q\n", m.pkg, m.places[0], flaw, m.text)
		}
		flawed += min(1, len(m.flaws))
	}
	return flawed
}
