# shellcheck shell=bash disable=SC2046,SC2154 # $(named) is a word or nothing; variables come from record and lib
# OpenSSL's s_client and s_server.

declare -A only=([10]=-tls1 [11]=-tls1_1 [12]=-tls1_2 [13]=-tls1_3)
declare -A version=([10]=TLSv1 [11]=TLSv1.1 [12]=TLSv1.2 [13]=TLSv1.3)

# s_server OPTION... answers on port 443 with each line turned round.
s_server() {
	needs openssl
	serve server openssl s_server -accept "${target:-$server4:443}" -cert "$CERT" -key "$KEY" -rev "$@"
	local at=${target:-443}
	listening "${at##*:}"
}

# s_client NAME OPTION... says one line to the server and leaves. NAME "-":
# send no server_name.
s_client() {
	if [[ $1 == - ]]; then set -- -noservername "${@:2}"; else set -- -servername "$@"; fi
	client openssl s_client -connect "${target:-$server4:443}" -brief "$@"
}

openssl_flow() { established "$(openssl_client)" "$(openssl_server)" "$@"; }

# A client held to one version, and a server that would speak any.
record_openssl() { # VERSION NAME
	present "$2"
	s_server
	capture
	s_client "$2" "${only[$1]}"
	openssl_flow max="${version[$1]}" $(named "$2" "$1")
}
for v in 10 11 12 13; do
	scenario openssl-tls$v-sni pcap "${version[$v]}" record_openssl $v "$dynamodb"
	scenario openssl-tls$v-nosni pcap "${version[$v]} without a name" record_openssl $v -
done

# The client offers everything, as most do that nobody configured.
openssl_exposed() {
	present "$s3"
	s_server
	capture
	s_client "$s3"
	openssl_flow max=TLSv1.3 sni="$s3"
}
scenario openssl-exposed pcap "TLSv1 to TLSv1.3 offered, the best selected" openssl_exposed

# The client would speak TLSv1.3, the server knows nothing above TLSv1.
openssl_old_server() {
	present "$s3"
	s_server -tls1
	capture
	s_client "$s3"
	openssl_flow max=TLSv1.3 sni="$s3"
}
scenario openssl-server-tls10 pcap "TLSv1 to TLSv1.3 offered, the worst selected: the server has to change" openssl_old_server

# Server names as people and attackers write them.
openssl_name() { # SNI
	present "$dynamodb"
	s_server
	capture
	s_client "$1" -tls1
	openssl_flow max=TLSv1 sni="$1" host="$(tr '[:upper:]' '[:lower:]' <<<"${1%.}")" host_source=sni
}
scenario openssl-name-case pcap "A name in mixed letters with a trailing dot" openssl_name DynamoDB.US-West-2.AmazonAWS.com.

# Names that look like AWS's: of servers that have a certificate for them, and
# given to a server of AWS's, whose certificate then says where the flow goes.
openssl_lookalike() { # SNI
	identity lookalike "/CN=lookalike" "DNS:$1"
	present lookalike
	s_server
	capture
	s_client "$1" -tls1
	openssl_flow max=TLSv1 sni="$1"
}
scenario openssl-lookalike-prefix pcap "A name that only ends like AWS's, and a certificate for it" openssl_lookalike dynamodb.evilamazonaws.com
scenario openssl-lookalike-suffix pcap "A name that only begins like AWS's, and a certificate for it" openssl_lookalike "$dynamodb.evil.example.net"
scenario openssl-name-prefix pcap "A name that only ends like AWS's; the certificate is AWS's" openssl_fronting dynamodb.evilamazonaws.com "$dynamodb"
scenario openssl-name-suffix pcap "A name that only begins like AWS's; the certificate is AWS's" openssl_fronting "$dynamodb.evil.example.net" "$dynamodb"

# Version 6 addresses, another port, and the loopback interface.
openssl_loopback6() {
	present "$sqs"
	# The server shares the client's end, where ::1 is.
	needs openssl
	openssl s_server -accept '[::1]:8443' -cert "$CERT" -key "$KEY" -rev >"$logs/server" 2>&1 </dev/null &
	awaits "port 8443" eval "ss -Hltn 'sport = :8443' | grep -q ."
	capture -i lo
	target='[::1]:8443' s_client "$sqs" -tls1_1
	openssl_flow max=TLSv1.1 sni="$sqs"
}
scenario openssl-loopback-ipv6 pcap "IPv6 on the loopback interface, port 8443" openssl_loopback6

openssl_ipv6() {
	present "$sqs"
	target="[$server6]:443"
	s_server
	capture
	s_client "$sqs" -tls1
	openssl_flow max=TLSv1 sni="$sqs"
}
scenario openssl-ipv6 pcap "IPv6" openssl_ipv6

# The client's address is one of Teredo's.
openssl_teredo_address() {
	local teredo=2001:0:c000:221:0:fbff:f5ff:fffa
	ip address add $teredo/128 dev eth0
	ip -6 route replace 2001:db8:1::/64 dev eth0 src $teredo
	ip -n server -6 route add 2001::/32 dev eth0
	openssl_ipv6
}
scenario openssl-teredo-address pcap "IPv6 from a Teredo address" openssl_teredo_address
