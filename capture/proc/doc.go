// Package proc finds the local process behind a TCP connection.
//
// Where the kernel allows (Linux 5.8, with CAP_BPF and CAP_PERFMON, or
// CAP_SYS_ADMIN), a small program in the kernel reports every connect with the
// process that made it, so that also a client is named that lives for three
// milliseconds. Elsewhere, and for connections older than the Finder, the kernel
// is asked for the socket (sock_diag) and /proc for the process that holds it.
//
// After Open a Finder reads /proc/PID/{stat,exe,cmdline,cgroup,maps,fd,ns/net}, the
// programs that processes run (to see what Go ones were built from) and
// /etc/passwd. For processes of other users that takes CAP_SYS_PTRACE, and
// CAP_DAC_READ_SEARCH for their files; for sockets of other network namespaces,
// where the kernel does not report connects, CAP_SYS_ADMIN.
//
// What a process says of itself is its own choice: command lines and file names
// are bounded, and are to be treated like bytes from the network.
package proc
