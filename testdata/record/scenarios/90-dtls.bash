# shellcheck shell=bash disable=SC2046,SC2154 # $(named) is a word or nothing; variables come from record and lib
# DTLS, over UDP.

version[d10]=DTLSv1 version[d12]=DTLSv1.2
only[d10]=-dtls1 only[d12]=-dtls1_2

# listening_udp PORT waits for a server of datagrams at the server's end.
listening_udp() { awaits "port $1" eval "ip netns exec server ss -Hlun 'sport = :$1' | grep -q ."; }

# dtls_server OPTION... listens on port 4433, as long as its input does not end. It speaks
# every version, unless told.
dtls_server() {
	needs openssl
	# shellcheck disable=SC2016 # the arguments are the inner shell's
	serve server bash -c 'sleep 60 | openssl s_server "$@"' - \
		-accept "${target:-$server4:4433}" -cert "$CERT" -key "$KEY" -mtu 1400 "${@:--dtls}"
	listening_udp 4433
}

# dtls_flow KEY=VALUE... s_server asks every client for a cookie.
dtls_flow() { openssl_flow hello_verify=true "$@"; }

# dtls_client NAME OPTION...
dtls_client() { target=${target:-$server4:4433} s_client "$@"; }

record_dtls() { # VERSION NAME
	present "$2"
	dtls_server
	capture
	dtls_client "$2" "${only[$1]}" -mtu 1400
	dtls_flow max="${version[$1]}" $(named "$2" 12)
}
for v in d10 d12; do
	scenario "openssl-dtls${v#d}-sni" pcap "${version[$v]}" record_dtls $v "$dynamodb"
	scenario "openssl-dtls${v#d}-nosni" pcap "${version[$v]} without a name" record_dtls $v -
done

# With -listen the server keeps nothing of a client until it has sent the cookie.
dtls_cookie() { # VERSION
	present "$dynamodb"
	dtls_server -dtls -listen
	capture
	dtls_client "$dynamodb" "${only[$1]}" -mtu 1400
	dtls_flow max="${version[$1]}" sni="$dynamodb"
}
scenario openssl-dtls12-cookie pcap "DTLSv1.2 to a server that keeps no state before the cookie" dtls_cookie d12
scenario openssl-dtls10-cookie pcap "DTLSv1 to a server that keeps no state before the cookie" dtls_cookie d10

# Hello and certificate are cut into fragments of messages.
dtls_fragments() { # VERSION MTU
	present "$dynamodb"
	dtls_server -dtls -mtu "$2"
	capture
	dtls_client "$dynamodb" "${only[$1]}" -mtu "$2"
	dtls_flow max="${version[$1]}" sni="$dynamodb"
}
scenario openssl-dtls10-fragments pcap "DTLSv1 with an MTU of 256: messages in fragments" dtls_fragments d10 256
scenario openssl-dtls12-fragments pcap "DTLSv1.2 with an MTU of 256: messages in fragments" dtls_fragments d12 256

# A network that loses, doubles or reorders datagrams, in both directions. It is a program in
# front of the server: not every kernel has tc's netem.
dtls_bad_network() { # VERSION HOW N
	needs python3
	present "$dynamodb"
	dtls_server -dtls -mtu 300
	serve relay python3 "$here/peers/relay.py" "$proxy4:4434" "$server4:4433" "$2" "$3"
	listening_udp 4434
	capture
	target=$proxy4:4434 dtls_client "$dynamodb" "${only[$1]}" -mtu 300
	dtls_flow max="${version[$1]}" sni="$dynamodb"
}
scenario openssl-dtls10-lost pcap "DTLSv1 over a network that loses each fifth datagram" dtls_bad_network d10 lose 5
scenario openssl-dtls12-doubled pcap "DTLSv1.2 over a network that doubles each third datagram" dtls_bad_network d12 double 3
scenario openssl-dtls10-reordered pcap "DTLSv1 over a network that reorders datagrams" dtls_bad_network d10 reorder 2

dtls_ipv6() {
	present "$sqs"
	target="[$server6]:4433"
	dtls_server
	capture
	dtls_client "$sqs" -dtls1 -mtu 1400
	dtls_flow max=DTLSv1 sni="$sqs"
}
scenario openssl-dtls10-ipv6 pcap "DTLSv1 over IPv6" dtls_ipv6

dtls_any() {
	present "$sqs"
	dtls_server
	capture -i any -y LINUX_SLL2
	dtls_client "$sqs" -dtls1 -mtu 1400
	dtls_flow max=DTLSv1 sni="$sqs"
}
scenario openssl-dtls10-any pcap "DTLSv1 on all interfaces" dtls_any

dtls_refused() {
	present "$dynamodb"
	dtls_server -dtls1_2
	capture
	refused openssl s_client -connect "$server4:4433" -brief -servername "$dynamodb" -dtls1 -mtu 1400
	flow "$(openssl_client)" "$(openssl_server)" hello_verify=true outcome=refused alert=protocol_version \
		alert_from=server max=DTLSv1 sni="$dynamodb"
}
scenario openssl-dtls10-refused pcap "DTLSv1, refused by a server whose floor is DTLSv1.2" dtls_refused

# A socket that nobody reads: the client sends its hello again and again.
dtls_unanswered() {
	needs python3
	serve server python3 -c "import socket, time; s = socket.socket(type=socket.SOCK_DGRAM); s.bind(('$server4', 4433)); time.sleep(60)"
	listening_udp 4433
	capture
	timeout 4 openssl s_client -connect "$server4:4433" -servername "$dynamodb" -dtls1 -mtu 1400 </dev/null >"$logs/client" 2>&1 || true
	flow "$(openssl_client)" max=DTLSv1 sni="$dynamodb"
}
scenario openssl-dtls10-unanswered pcap "DTLSv1, and no answer before the capture ends" dtls_unanswered

# The port is closed: the server's kernel says so by ICMP.
dtls_closed_port() {
	needs openssl
	capture
	timeout 4 openssl s_client -connect "$server4:4433" -servername "$dynamodb" -dtls1_2 -mtu 1400 </dev/null >"$logs/client" 2>&1 || true
	flow "$(openssl_client)" max=DTLSv1.2 sni="$dynamodb"
}
scenario openssl-dtls12-closed-port pcap "DTLSv1.2 to a port that is closed" dtls_closed_port

record_gnutls_dtls() { # VERSION NAME
	needs gnutls-cli gnutls-serv
	present "$2"
	local all=NORMAL:-VERS-ALL:+VERS-DTLS1.0:+VERS-DTLS1.2:+SIGN-ALL:%VERIFY_ALLOW_SIGN_WITH_SHA1
	serve server gnutls-serv --udp --port 4433 --echo --x509certfile "$CERT" --x509keyfile "$KEY" --priority "$all"
	listening_udp 4433
	capture
	local naming=--disable-sni
	[[ $2 == - ]] || naming=--sni-hostname=$2
	client gnutls-cli --udp --insecure "$naming" --port 4433 \
		--priority "NORMAL:-VERS-ALL:+VERS-DTLS1.${1#d1}:+SIGN-ALL" "$server4"
	established "client=gnutls-cli $(gnutls_version)" "server=gnutls-serv $(gnutls_version)" max="${version[$1]}" \
		$(named "$2" 12) hello_verify=true
}
for v in d10 d12; do
	scenario "gnutls-dtls${v#d}-sni" pcap "${version[$v]}" record_gnutls_dtls $v "$s3"
done

record_pion() { # NAME
	[[ -x $work/pion ]] || leave_out "pion/dtls cannot be had"
	present "$1"
	serve server "$work/pion" server "$server4:4433"
	listening_udp 4433
	capture
	client "$work/pion" client "$server4:4433" "$1"
	established "client=pion/dtls $(pion_version)" "server=pion/dtls $(pion_version)" max=DTLSv1.2 $(named "$1" 12) hello_verify=true
}
pion_version() { sed -n 's|.*pion/dtls/v3 v||p' "$here/peers/pion/go.mod"; }
scenario pion-dtls12-sni pcap "DTLSv1.2" record_pion "$sqs"
scenario pion-dtls12-nosni pcap "DTLSv1.2 without a name" record_pion -

# In a tunnel, in IP fragments, and in another order.
dtls10=openssl-dtls10-sni
record_dtls_vxlan() {
	target=10.200.0.10:4433
	in_vxlan 77 4789
	present "$dynamodb"
	dtls_server
	capture
	dtls_client "$dynamodb" -dtls1 -mtu 1300
	dtls_flow max=DTLSv1 sni="$dynamodb" tunnels=vxlan:77
}
scenario openssl-dtls10-vxlan pcap "DTLSv1 in VXLAN made by the kernel" record_dtls_vxlan
wrap dtls-wrapped-geneve $dtls10 tunnels=geneve:42 geneve:42
wrap dtls-ip-fragments $dtls10 - fragment:64
wrap dtls-in-vlan $dtls10 vlan=12 vlan:12
