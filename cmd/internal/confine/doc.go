// Package confine takes away from the process what it does not need once its
// sources and sinks are open: its user, its capabilities, the files, the
// network and the system calls. It also starts the program's other processes, each
// with nothing of its parent's but a socket to it (Child, Begin).
//
// On Linux every step covers all threads of the process, those that C code has
// started included. Elsewhere nothing is taken away, and Apply says so.
//
// docs/security.md says what is refused, why, and what remains.
package confine
