package main

import "fmt"

func other(name string) error { return fmt.Errorf("not %q on a Mac, by %d", name, 1) }
