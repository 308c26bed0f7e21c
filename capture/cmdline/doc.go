// Package cmdline reads command lines of processes, masks the secrets in them, and finds
// the script that an interpreter runs. A process chooses what its command line says: what
// Read and Script return is bounded, and is to be treated like bytes from the network.
package cmdline
