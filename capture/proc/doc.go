// Package proc finds the local process behind a TCP connection.
//
// Where the kernel allows (Linux 5.8), a small program in the kernel reports
// every connect with the process that made it. sock_diag(7) and /proc alone come
// too late for the clients that matter most: a curl whose hello is refused has
// closed its socket, and with it the only link to its process, 0.3 ms after the
// hello, in 100 of 100 calls. With the reports 100 of 100 are named, also where
// twice as many programs want to run as there are processors (measured on Linux
// 6.18, loopback, two processors). Notice of processes that begin and end
// (CN_IDX_PROC) would not help: it does not say whose a socket was.
//
// Elsewhere, and for connections older than the Finder, the kernel is asked for
// the socket and /proc for the process that holds it: first those that were
// found before, then the newest, then all, within bounds of time.
//
// Open needs, as far as it is to see everything:
//
//   - CAP_BPF and CAP_PERFMON, or CAP_SYS_ADMIN: to load the kernel's program.
//     Not needed after Open.
//   - CAP_SYS_RESOURCE, before Linux 5.11: for that program's memory.
//     Not needed after Open.
//
// A Finder needs afterwards, for processes of other users, these; or it has none of
// them, and another process, which ServeOpener is, has them for it (OpenWith):
//
//   - CAP_SYS_PTRACE: /proc/PID/{exe,fd,maps,ns/net}
//   - CAP_DAC_READ_SEARCH: programs in folders that only their users may enter
//   - CAP_SYS_ADMIN: setns(CLONE_NEWNET), for sockets of other networks; only
//     where the kernel does not report connects, or for older connections
//
// CAP_NET_ADMIN is needed for nothing here. After Open a Finder opens, for
// reading only, /proc, /proc/loadavg, /proc/PID/{stat,status,cmdline,cgroup} and
// /proc/self/ns/net, and makes sockets of NETLINK_ROUTE (the addresses of the host).
// It, or the other process for it, opens /proc/PID/{exe,maps,fd,ns/net},
// /proc/thread-self/ns/net and /etc/passwd, and makes sockets of NETLINK_SOCK_DIAG,
// one for each network; /proc/PID/exe leads to any program that runs. Where /proc is
// mounted with hidepid, a Finder without rights sees its own user's processes only.
//
// What a process says of itself is its own choice: command lines and file names
// are bounded, and are to be treated like bytes from the network. So is what its
// file says it was built from. Reading some of it can take for ever, if its user
// wants that (a file system of his own): that costs details of his own processes
// only.
package proc
