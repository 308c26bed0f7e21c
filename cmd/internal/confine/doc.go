// Package confine drops the privileges that the process does not need once its sources
// and outputs are open: it changes the user, drops capabilities, and restricts files,
// the network and system calls. It also starts the program's other processes, which
// inherit nothing but a socket to their parent (Child, Begin).
//
// On Linux every step covers all threads of the process, also those that C code has
// started. On other systems Apply only reports that nothing is confined.
//
// docs/security.md says what is refused, why, and what remains allowed.
package confine
