// Command clients scores how tlsfloor names software, against a public list of hellos
// with the programs that sent them.
//
//	go run ./clients [-list A|B] HELLOS MAPPING FLOORS
//
// HELLOS is ../shared/fingerprints/hellos-2019.tsv, MAPPING says which TLS library each
// program has. Half of the hellos, A, is for writing rules. The other half, B, shows
// what the rules are worth. With -list, the hellos of a half that are not right are
// printed. It fails if a figure is below its line in FLOORS.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"

	"tlsfloor/tools/floors"
)

func main() {
	list := flag.String("list", "", "print the hellos of half A or B that are not right")
	flag.Parse()
	if flag.NArg() != 3 {
		fmt.Fprintln(os.Stderr, "usage: clients [-list A|B] HELLOS MAPPING FLOORS")
		os.Exit(2)
	}
	if err := run(flag.Arg(0), flag.Arg(1), flag.Arg(2), *list); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(hellos, mapping, limits, list string) error {
	kinds, err := readKinds(hellos)
	if errors.Is(err, os.ErrNotExist) {
		fmt.Println("clients: left out: no", hellos)
		return nil
	}
	if err != nil {
		return err
	}
	s, err := scoreAll(kinds, mapping)
	if err != nil {
		return err
	}
	if list != "" {
		s.list(os.Stdout, list)
		return nil
	}
	s.print(os.Stdout)
	f, err := floors.Read(limits)
	if err != nil {
		return err
	}
	return s.compare(f)
}

func scoreAll(kinds []*kind, mapping string) (*score, error) {
	m, err := readMapping(mapping)
	if err != nil {
		return nil, err
	}
	return newScore(kinds, m)
}
