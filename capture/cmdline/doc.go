// Package cmdline reads command lines of processes and masks the secrets in them. A
// process chooses what its command line says: what Read returns is bounded, and is to
// be treated like bytes from the network.
package cmdline
