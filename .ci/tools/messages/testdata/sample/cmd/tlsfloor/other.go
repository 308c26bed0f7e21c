//go:build !darwin

package main

func other(string) error { return nil }
