//go:build ignore

// A program in the kernel that reports TCP connects with the process that made
// them. It is a raw tracepoint on inet_sock_set_state(sock, old, new), which every
// TCP connection passes twice: when connect begins, in the process that called it,
// and when the server has answered, which may be in any.
//
// The structs of the kernel below name only what is read. Where these members lie
// is put in when the program is loaded, from the kernel's own description of its
// types (CO-RE), so that one object runs on every kernel from Linux 5.8 on.
//
// "go generate ./capture/proc" compiles it. That takes clang 19 and no headers.

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

#define SECTION(name) __attribute__((section(name), used))

// The helpers that read memory are for programs under this licence.
char licence[] SECTION("license") = "GPL";

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct in6_addr;

struct sock_common {
	u16 skc_family;
	u16 skc_num; // the client's port, in the host's byte order
	u16 skc_dport;
	u32 skc_rcv_saddr;
	u32 skc_daddr;
	struct in6_addr {
		u8 bytes[16];
	} skc_v6_rcv_saddr, skc_v6_daddr;
};

struct mm_struct {
	unsigned long arg_start, arg_end;
};

struct upid;

struct pid {
	struct upid {
		int nr;
	} numbers[1]; // the first is that of the initial namespace
};

struct signal_struct {
	struct pid *pids[4];
};

struct task_struct {
	struct mm_struct *mm;
	struct task_struct *group_leader, *real_parent;
	struct signal_struct *signal;
	int tgid;
	struct {
		u32 val;
	} loginuid; // not in kernels without audit
	u64 start_boottime;
};

#pragma clang attribute pop

enum {
	tcp_established = 1,
	tcp_syn_sent = 2,
	af_inet6 = 10,

	pid_type_session = 3,
	field_exists = 2, // of __builtin_preserve_field_info

	// The process and the parents that are reported.
	max_lineage = 5,

	// How much of the arguments is taken, in bytes, is one less than a power of
	// two, so that the verifier can be shown the bound by a mask.
	max_arguments = 511,
};

// record is what is reported, in the kernel's byte order but for the addresses and
// the server's port. connect.go reads it.
struct record {
	struct process {
		u32 pid; // that of the first thread; 0: no process
		u32 session;
		u64 start; // in nanoseconds since the system did
	} lineage[max_lineage]; // who connects, its parent, the parent of that, and so on
	u32 uid;
	u32 login; // who logged in; all ones: nobody, or the kernel does not know
	u16 family;
	u16 client_port;
	u16 server_port;
	u16 length; // of the arguments
	u8 client[16];
	u8 server[16];
	u8 command[16];
	u8 arguments[max_arguments + 1]; // separated by NUL
};

enum {
	map_lru_hash = 9,
	map_percpu_array = 6,
	map_ringbuf = 27,
};

// tlsfloor_begun is what is remembered, by the socket, from the beginning of a
// connect, when the process is at hand but not yet the port, to its success, when
// it is the other way round. Connects that fail leave theirs behind: the oldest go.
struct {
	int (*type)[map_lru_hash];
	int (*max_entries)[4096];
	u64 *key;
	struct record *value;
} tlsfloor_begun SECTION(".maps");

// tlsfloor_record is where a record is filled in: it is larger than the stack.
struct {
	int (*type)[map_percpu_array];
	int (*max_entries)[1];
	u32 *key;
	struct record *value;
} tlsfloor_record SECTION(".maps");

// tlsfloor_ring holds some 780 records: the reader has to be late by that much
// before one is lost.
struct {
	int (*type)[map_ringbuf];
	int (*max_entries)[512 << 10];
} tlsfloor_ring SECTION(".maps");

// The kernel's helpers go by their numbers (bpf-helpers(7)).
static void *(*const map_lookup)(void *map, const void *key) = (void *)1;
static long (*const map_update)(void *map, const void *key, const void *value, u64 flags) = (void *)2;
static long (*const map_delete)(void *map, const void *key) = (void *)3;
static u64 (*const current_uid_gid)(void) = (void *)15;
static long (*const current_comm)(void *to, u32 size) = (void *)16;
static u64 (*const current_task)(void) = (void *)35;
static long (*const read_user)(void *to, u32 size, u64 from) = (void *)112;
static long (*const read_kernel)(void *to, u32 size, const void *from) = (void *)113;
static long (*const ringbuf_output)(void *map, void *data, u64 size, u64 flags) = (void *)130;

// copy_arguments copies the beginning of the command line. It is memory of the
// process, which it may change at any time; what cannot be read stays out.
static void copy_arguments(struct record *r, struct task_struct *task)
{
	struct mm_struct *mm;
	unsigned long start, end;

	read_kernel(&mm, sizeof mm, &task->mm);
	if (!mm)
		return;
	read_kernel(&end, sizeof end, &mm->arg_end);
	read_kernel(&start, sizeof start, &mm->arg_start);
	u64 length = end - start;
	if (length > max_arguments)
		length = max_arguments;
	// The mask is for the verifier, which may not know a bound that the compiler
	// has checked with a copy of the register. Without the barrier the compiler
	// sees that the mask changes nothing, and leaves it out.
	asm volatile("" : "+r"(length));
	length &= max_arguments;
	if (read_user(r->arguments, length, start) == 0)
		r->length = length;
}

// copy_lineage copies who the process is and who started it. The parents are copied
// here because they may end before the report is read: their children then belong to
// another process, which did not start them. A number alone may be another process's
// by the time that it is looked at.
static void copy_lineage(struct record *r, struct task_struct *task)
{
#pragma nounroll
	for (int i = 0; i < max_lineage; i++) {
		struct process *p = &r->lineage[i];
		struct task_struct *leader;
		struct signal_struct *signal;
		struct pid *session;
		p->pid = p->session = p->start = 0;
		if (!task)
			continue;
		read_kernel(&p->pid, sizeof p->pid, &task->tgid);
		read_kernel(&leader, sizeof leader, &task->group_leader);
		read_kernel(&p->start, sizeof p->start, &leader->start_boottime);
		read_kernel(&signal, sizeof signal, &task->signal);
		read_kernel(&session, sizeof session, &signal->pids[pid_type_session]);
		read_kernel(&p->session, sizeof p->session, &session->numbers);
		read_kernel(&task, sizeof task, &task->real_parent);
	}
}

// begin_connect notes who connects.
static void begin_connect(u64 socket)
{
	u32 zero = 0;
	struct record *r = map_lookup(&tlsfloor_record, &zero);
	if (!r)
		return;
	r->uid = current_uid_gid();
	r->login = -1;
	r->length = 0;
	current_comm(r->command, sizeof r->command);
	struct task_struct *task = (void *)current_task();
	if (__builtin_preserve_field_info(task->loginuid, field_exists))
		read_kernel(&r->login, sizeof r->login, &task->loginuid);
	copy_lineage(r, task);
	copy_arguments(r, task);
	map_update(&tlsfloor_begun, &socket, r, 0);
}

// end_connect sends what was noted, with the addresses.
static void end_connect(u64 socket)
{
	struct record *r = map_lookup(&tlsfloor_begun, &socket);
	if (!r)
		return; // somebody connected to this host, or the oldest went
	struct sock_common *sock = (void *)socket;
	read_kernel(&r->family, sizeof r->family, &sock->skc_family);
	read_kernel(&r->client_port, sizeof r->client_port, &sock->skc_num);
	read_kernel(&r->server_port, sizeof r->server_port, &sock->skc_dport);
	if (r->family == af_inet6) {
		read_kernel(r->client, sizeof r->client, &sock->skc_v6_rcv_saddr);
		read_kernel(r->server, sizeof r->server, &sock->skc_v6_daddr);
	} else {
		read_kernel(r->client, 4, &sock->skc_rcv_saddr);
		read_kernel(r->server, 4, &sock->skc_daddr);
	}
	ringbuf_output(&tlsfloor_ring, r, sizeof *r, 0);
	map_delete(&tlsfloor_begun, &socket);
}

SECTION("raw_tracepoint/inet_sock_set_state")
int tlsfloor(u64 *arguments)
{
	switch ((u32)arguments[2]) {
	case tcp_syn_sent:
		begin_connect(arguments[0]);
		break;
	case tcp_established:
		end_connect(arguments[0]);
		break;
	}
	return 0;
}
