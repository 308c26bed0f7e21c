// Package proc finds the local process behind a TCP connection, or a conversation in UDP.
//
// Where the kernel allows it (Linux 5.8), a BPF program reports every connect with the
// process that made it. sock_diag(7) and /proc alone come too late for the clients that
// matter most: a curl whose hello is refused closes its socket, the only link to its
// process, 0.3 ms after the hello, in 100 of 100 calls. With the reports, 100 of 100 are
// found, also with twice as many programs running as there are processors (measured on
// Linux 6.18, loopback, two processors). The process connector (CN_IDX_PROC) would not
// help: it reports the beginning and end of processes, but not their sockets.
//
// Elsewhere, and for connections older than the Finder, it queries the kernel for the
// socket and searches /proc for the process that holds it: first the processes that
// were found before, then the newest, then all, within bounds of time.
//
// To see everything, Open needs these capabilities, and none of them afterwards:
//
//   - CAP_BPF and CAP_PERFMON, or CAP_SYS_ADMIN: to load the BPF program.
//   - CAP_SYS_RESOURCE, before Linux 5.11: for the memory of that program.
//
// For processes of other users, a Finder also needs these all the time. With OpenWith
// it does not: another process, which runs ServeOpener, has them.
//
//   - CAP_SYS_PTRACE: /proc/PID/{cwd,exe,fd,maps,ns/net}
//   - CAP_DAC_READ_SEARCH: programs in folders that only their users may enter
//   - CAP_SYS_ADMIN: setns(CLONE_NEWNET), for sockets of other networks; only where the
//     kernel does not report connects, or for older connections
//
// CAP_NET_ADMIN is not needed. After Open a Finder opens, for reading only, /proc,
// /proc/loadavg, /proc/PID/{stat,status,cmdline,cgroup,loginuid} and /proc/self/ns/net, and makes
// sockets of NETLINK_ROUTE, for the addresses of the host. The Finder, or the process
// that runs ServeOpener, opens /proc/PID/{cwd,exe,maps,fd,ns/net}, /proc/thread-self/ns/net
// and /etc/passwd, and makes a socket of NETLINK_SOCK_DIAG for each network.
// /proc/PID/exe may be any program. Where /proc is mounted with hidepid, a Finder without
// rights sees only processes of its own user.
//
// A process chooses its command line, the names of its files, and the build information
// in its program: they are bounded, and are to be treated like bytes from the network.
// Its user can also make reading some of them never end, with a file system that he
// serves. That hides details of his own processes only.
package proc
