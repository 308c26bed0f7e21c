# shellcheck shell=bash disable=SC2046,SC2154 # $(named) is a word or nothing; variables come from record and lib
# QUIC, by quic-go at both ends, and by a browser.

# quic_server OPTION... answers on port 443.
quic_server() {
	[[ -x $work/quicgo ]] || leave_out "quic-go cannot be had"
	serve server "$work/quicgo" server "${target:-$server4:443}" "$@"
	listening_udp 443
}

# quic_client NAME OPTION...
quic_client() { client "$work/quicgo" client "${target:-$server4:443}" "$@"; }

quic_go() { sed -n 's/^require github.com\/quic-go\/quic-go v/quic-go /p' "$here/peers/quicgo/go.mod"; }

# quic_flow FACT... notes a flow of quic-go that was established.
quic_flow() { established "client=$(quic_go)" "server=$(quic_go)" protocol=quic max=TLSv1.3 "$@"; }

record_quic() { # NAME VERSION SERVER-OPTION CLIENT-OPTION FACT...
	present "$1"
	# shellcheck disable=SC2086 # options, or nothing
	quic_server ${3//[-+]/ }
	capture
	# shellcheck disable=SC2086 # the same
	quic_client "$1" ${4//[-+]/ }
	quic_flow quic="$2" $(named "$1" 13) "${@:5}"
}
scenario quicgo-v1-sni pcap "QUIC v1, a post-quantum hello of two datagrams" record_quic "$dynamodb" v1 - -
scenario quicgo-v1-nosni pcap "QUIC v1 without a name" record_quic - v1 - -
scenario quicgo-v1-classic pcap "QUIC v1, a hello of one datagram" record_quic "$s3" v1 - classic
scenario quicgo-v2-sni pcap "QUIC v2" record_quic "$dynamodb" v2 versions=v2 versions=v2
scenario quicgo-v1-retry pcap "QUIC v1 with a Retry" record_quic "$dynamodb" v1 retry - retry=true
scenario quicgo-v2-retry pcap "QUIC v2 with a Retry, a hello of one datagram" record_quic "$s3" v2 versions=v2+retry versions=v2+classic retry=true
scenario quicgo-negotiation pcap "QUIC v2 offered, v1 after a Version Negotiation" record_quic "$dynamodb" v1 versions=v1 versions=v2,v1 version_negotiation=true
scenario quicgo-migration pcap "QUIC v1, and the client changes its port afterwards" record_quic "$dynamodb" v1 - migrate

quic_early() {
	present "$dynamodb"
	quic_server
	capture
	quic_client "$dynamodb" early
	quic_flow quic=v1 sni="$dynamodb"
	quic_flow quic=v1 sni="$dynamodb" resumed=psk early_data=yes
}
scenario quicgo-early-data pcap "QUIC v1, and a second connection with 0-RTT data" quic_early

# A network that loses, doubles and reorders datagrams, in both directions.
quic_bad_network() { # HOW N
	needs python3
	present "$dynamodb"
	quic_server
	serve relay python3 "$here/peers/relay.py" "$proxy4:443" "$server4:443" "$1" "$2"
	awaits "the relay" eval "ip netns exec server ss -Hlun 'src = $proxy4' | grep -q ."
	capture
	target=$proxy4:443
	quic_client "$dynamodb"
	quic_flow quic=v1 sni="$dynamodb"
}
scenario quicgo-lost pcap "QUIC v1 over a network that loses each third datagram" quic_bad_network lose 3
scenario quicgo-doubled pcap "QUIC v1 over a network that doubles each second datagram" quic_bad_network double 2
scenario quicgo-reordered pcap "QUIC v1 over a network that reorders datagrams" quic_bad_network reorder 2

quic_ipv6() {
	target="[$server6]:443"
	record_quic "$sqs" v1 - -
}
scenario quicgo-ipv6 pcap "QUIC v1 over IPv6" quic_ipv6

quic_any() {
	present "$sqs"
	quic_server
	capture -i any -y LINUX_SLL2
	quic_client "$sqs"
	quic_flow quic=v1 sni="$sqs"
}
scenario quicgo-any pcap "QUIC v1 on all interfaces" quic_any

quic_vxlan() {
	target=10.200.0.10:443
	in_vxlan 77 4789
	ip link set vx0 mtu 1400
	record_quic "$dynamodb" v1 - - tunnels=vxlan:77
}
scenario quicgo-vxlan pcap "QUIC v1 in VXLAN made by the kernel" quic_vxlan

# The server speaks no protocol that the client offers.
quic_refused() {
	present "$dynamodb"
	quic_server alpn=other
	capture
	refused "$work/quicgo" client "$server4:443" "$dynamodb"
	flow "client=$(quic_go)" "server=$(quic_go)" protocol=quic quic=v1 outcome=refused alert=no_application_protocol alert_from=server \
		max=TLSv1.3 sni="$dynamodb"
}
scenario quicgo-refused pcap "QUIC v1, refused because of ALPN" quic_refused

# A socket that nobody reads: the client sends its hello again and again.
quic_unanswered() {
	needs python3
	serve server python3 -c "import socket, time; s = socket.socket(type=socket.SOCK_DGRAM); s.bind(('$server4', 443)); time.sleep(60)"
	listening_udp 443
	capture
	timeout 3 "$work/quicgo" client "$server4:443" "$dynamodb" </dev/null >"$logs/client" 2>&1 || true
	flow "client=$(quic_go)" protocol=quic quic=v1 max=TLSv1.3 sni="$dynamodb"
}
scenario quicgo-unanswered pcap "QUIC v1, and no answer before the capture ends" quic_unanswered

# A browser's hello: extensions in another order each time, in CRYPTO frames that it
# cuts, shuffles and mixes with PING and PADDING on purpose.
chromium_http3() { # NAME VERSION SERVER-OPTION CLIENT-OPTION...
	needs chromium openssl
	local key
	present "$1"
	# shellcheck disable=SC2086 # options, or nothing
	quic_server http3 ${3//[-+]/ }
	key=$(openssl x509 -in "$CERT" -noout -pubkey | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | base64)
	capture "host $server4"
	client chromium --headless=new --no-sandbox --disable-gpu --no-first-run --disable-background-networking \
		--disable-component-update --disable-sync --user-data-dir="$scratch/profile" --origin-to-force-quic-on="$1:443" \
		--ignore-certificate-errors-spki-list="$key" "${@:4}" --dump-dom "https://$1/"
	grep -q 'good day' "$logs/client"
	established LOG=server "client=$(chromium --version | sed 's/ built on.*//')" "server=$(quic_go)" protocol=quic quic="$2" \
		max=TLSv1.3 sni="$1"
}
scenario chromium-http3 pcap "HTTP/3 over QUIC v1 by a browser, which shuffles its hello of two datagrams" chromium_http3 "$dynamodb" v1 -
scenario chromium-http3-v2 pcap "HTTP/3 over QUIC v2 by a browser" chromium_http3 "$dynamodb" v2 versions=v2 --quic-version=RFCv2

quic=quicgo-v1-sni
wrap quic-wrapped-geneve $quic tunnels=geneve:42 geneve:42
wrap quic-ip-fragments $quic - fragment:512
wrap quic-in-vlan $quic vlan=12 vlan:12
