# shellcheck shell=bash disable=SC2034,SC2154 # variables are shared with record and scenarios
# The stage: a client's and a server's network namespace joined by a cable.
#
# The scenario itself runs at the client's end. Addresses are those that RFC
# 5737 and RFC 3849 set aside for documentation, and a private one.

readonly client4=10.0.0.5 server4=192.0.2.10 proxy4=192.0.2.80 dns4=192.0.2.53
readonly client6=2001:db8::5 server6=2001:db8:1::10

# Names that clients ask for. All lead to the server's end.
readonly dynamodb=dynamodb.us-west-2.amazonaws.com
readonly s3=s3.eu-west-1.amazonaws.com
readonly bucket=photos.s3.eu-west-1.amazonaws.com
readonly sqs=sqs.us-east-1.amazonaws.com
readonly sts_china=sts.cn-north-1.amazonaws.com.cn
readonly database=orders.cabc123def45.us-west-2.rds.amazonaws.com
readonly mail=email-smtp.us-east-1.amazonaws.com
readonly internal=www.example.com
readonly everybody=("$dynamodb" "$s3" "$bucket" "$sqs" "$sts_china" "$database" "$mail" "$internal")

# needs COMMAND... ends the scenario when one is not here.
needs() {
	PATH=$PATH:/usr/sbin:/sbin
	local command
	for command; do
		command -v "$command" >/dev/null || leave_out "$command is not installed"
	done
}

leave_out() {
	echo "$*"
	exit "$left_out"
}

build_network() {
	needs ip ss ethtool
	# Private to this scenario, like everything that servers write there.
	mount -t tmpfs tmpfs /run
	mkdir -p /run/netns
	known_names "${everybody[@]}"
	: >"$scratch/resolv.conf"
	mount --bind "$scratch/resolv.conf" /etc/resolv.conf

	ip link set lo up
	ip netns add server
	ip link add eth0 type veth peer name eth0 netns server
	ip -n server link set lo up
	# Frames are then cut and their checksums filled in as on a cable.
	ethtool -K eth0 tx off tso off gso off gro off >/dev/null
	ip netns exec server ethtool -K eth0 tx off tso off gso off gro off >/dev/null
	# Neighbour and router discovery only make noise.
	quiet_ipv6 "sysctl -qw" "ip netns exec server sysctl -qw"
	address "" "$client4/32" "$client6/128"
	address "-n server" "$server4/32" "$proxy4/32" "$dns4/32" "$server6/128"
	ip link set eth0 up
	ip -n server link set eth0 up
	ip route add 192.0.2.0/24 dev eth0 src "$client4"
	ip -n server route add 10.0.0.0/24 dev eth0 src "$server4"
	ip -6 route add 2001:db8:1::/64 dev eth0
	ip -n server -6 route add 2001:db8::/64 dev eth0
	sleep 0.1
}

quiet_ipv6() {
	local sysctl
	for sysctl; do
		$sysctl net.ipv6.conf.eth0.accept_dad=0 net.ipv6.conf.eth0.router_solicitations=0 \
			net.ipv6.conf.eth0.addr_gen_mode=1
	done
}

# address "-n NAMESPACE" ADDRESS...
address() {
	local each
	for each in "${@:2}"; do
		# shellcheck disable=SC2086 # one option and its argument, or nothing
		ip $1 address add "$each" dev eth0
	done
}

# known_names NAME... makes names lead to the server without DNS.
known_names() {
	printf "127.0.0.1 localhost\n" >"$scratch/hosts"
	printf "$server4 %s\n" "$@" >>"$scratch/hosts"
	mount --bind "$scratch/hosts" /etc/hosts
}

# no_known_names leaves names to DNS, which "$dns4" answers.
no_known_names() {
	printf "127.0.0.1 localhost\n" >/etc/hosts
	printf "nameserver %s\noptions timeout:1 attempts:1\n" "$dns4" >/etc/resolv.conf
}

# serve LOG COMMAND... starts a server at the server's end.
serve() {
	ip netns exec server "${@:2}" >"$logs/$1" 2>&1 </dev/null &
}

# listening PORT waits for a server at the server's end.
listening() { awaits "port $1" eval "ip netns exec server ss -Hltn 'sport = :$1' | grep -q ."; }

# awaits WHAT COMMAND... waits up to twenty seconds for the command to succeed.
awaits() {
	local tries=400
	until "${@:2}" 2>/dev/null; do
		tries=$((tries - 1))
		[[ $tries -gt 0 ]] || {
			echo "waited in vain for $1"
			tail -n 20 "$logs"/*
			exit 1
		}
		sleep 0.05
	done
}

# capture [TCPDUMP ARGUMENT...] records eth0 at the client's end, or what the
# arguments say.
capture() {
	needs tcpdump
	case " $* " in *" -i "*) ;; *) set -- -i eth0 "$@" ;; esac
	tcpdump -Z root -U --immediate-mode -s 0 -w "$capture_file" "$@" 2>"$logs/tcpdump" &
	capturer=$!
	awaits tcpdump grep -q 'listening on' "$logs/tcpdump"
}

# capture_with COMMAND... records with another program; the scenario waits for
# it to begin.
capture_with() {
	"$@" 2>"$logs/capturer" &
	capturer=$!
}

# stop_capture waits for what is still on its way and ends the recording.
stop_capture() {
	[[ -n ${capturer:-} ]] || return 0
	sleep 0.3
	kill -INT "$capturer"
	wait "$capturer" || true
	capturer=
}

# attempt COMMAND... runs a client for at most fifteen seconds and keeps what
# it says. Some leave when their standard input ends, so that waits.
attempt() {
	{ echo hello && sleep 0.3; } | timeout 15 "$@" >"$logs/client" 2>&1
}

# client COMMAND... runs a client that has to get through.
client() {
	attempt "$@" && return
	echo "$1 failed:"
	tail -n 20 "$logs"/*
	exit 1
}

# refused COMMAND... runs a client that must not get through.
refused() {
	attempt "$@" || return 0
	echo "$1 was expected to fail:"
	tail -n 20 "$logs"/*
	exit 1
}
