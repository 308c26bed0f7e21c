// Package gobuild reads what a Go program was built from, out of its file: the version of
// Go, and the modules that matter to TLS. Any local user chooses what such a file holds, so
// it is read within bounds that debug/buildinfo does not have.
package gobuild
