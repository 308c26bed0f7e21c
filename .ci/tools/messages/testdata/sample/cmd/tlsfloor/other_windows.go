package main

import "errors"

func other(name string) error { return errors.New("not on Windows") }
