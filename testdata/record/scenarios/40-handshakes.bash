# shellcheck shell=bash disable=SC2154 # variables come from record and lib
# Handshakes with something more in them.

openssl_clientcert() { # VERSION
	present "$s3"
	s_server -Verify 1
	capture
	s_client "$s3" "${only[$1]}" -cert "$work/client.pem" -key "$work/client.key"
	openssl_flow max="${version[$1]}" sni="$s3"
}
for v in 10 12 13; do
	scenario openssl-tls$v-clientcert pcap "${version[$v]} with a client certificate" openssl_clientcert $v
done

openssl_clientcert_missing() {
	present "$s3"
	s_server -Verify 1 -tls1
	capture
	refused_client "$s3" -tls1
	flow "$(openssl_client)" "$(openssl_server)" outcome=refused alert=handshake_failure alert_from=server \
		selected=TLSv1 max=TLSv1 sni="$s3"
}
scenario openssl-tls10-clientcert-missing pcap "TLSv1, refused for want of a client certificate" openssl_clientcert_missing

# The client's key share is for a group that the server does not know.
openssl_retry() {
	present "$s3"
	s_server -groups P-384
	capture
	s_client "$s3" -tls1_3 -groups X25519:P-384
	openssl_flow max=TLSv1.3 sni="$s3"
}
scenario openssl-tls13-retry pcap "A HelloRetryRequest" openssl_retry

# line_server OPTION... neither turns lines round nor minds its clients, as it
# talks to its standard input: it then gives TLSv1.3 tickets and takes early data.
line_server() {
	needs openssl
	serve server sh -c "sleep 60 | exec openssl s_server -accept $server4:443 -cert $CERT -key $KEY $*"
	listening 443
}

# A session, and its resumption: two flows.
openssl_resumed() { # VERSION HOW SERVER-OPTION...
	present "$s3"
	line_server "${@:3}"
	capture
	s_client "$s3" "${only[$1]}" -sess_out "$scratch/session"
	openssl_flow max="${version[$1]}" sni="$s3"
	s_client "$s3" "${only[$1]}" -sess_in "$scratch/session"
	openssl_flow max="${version[$1]}" sni="$s3" resumed="$2"
}
scenario openssl-tls10-resumed-id pcap "TLSv1, resumed by session ID" openssl_resumed 10 id -no_ticket
scenario openssl-tls10-resumed-ticket pcap "TLSv1, resumed by ticket" openssl_resumed 10 ticket
scenario openssl-tls12-resumed-id pcap "TLSv1.2, resumed by session ID" openssl_resumed 12 id -no_ticket
scenario openssl-tls12-resumed-ticket pcap "TLSv1.2, resumed by ticket" openssl_resumed 12 ticket
scenario openssl-tls13-resumed pcap "TLSv1.3, resumed by PSK" openssl_resumed 13 psk

openssl_early_data() {
	present "$s3"
	line_server -early_data
	capture
	s_client "$s3" -tls1_3 -sess_out "$scratch/session"
	openssl_flow max=TLSv1.3 sni="$s3"
	echo early >"$scratch/early"
	s_client "$s3" -tls1_3 -sess_in "$scratch/session" -early_data "$scratch/early"
	openssl_flow max=TLSv1.3 sni="$s3" resumed=psk early_data=yes
}
scenario openssl-tls13-early-data pcap "TLSv1.3, resumed by PSK with early data" openssl_early_data

# A server may warn that it is not of that name, and go on.
openssl_warning() {
	present "$dynamodb"
	s_server -servername "$internal" -cert2 "$work/$internal.pem" -key2 "$work/$internal.key"
	capture
	s_client "$dynamodb" -tls1
	openssl_flow max=TLSv1 sni="$dynamodb" alert=unrecognized_name alert_from=server
}
scenario openssl-tls10-warning pcap "TLSv1, with a warning before the server's hello" openssl_warning

# Hellos that fill several TLS records: the smallest that OpenSSL makes are of
# 512 bytes, so a long list of protocols makes the hello longer than that.
openssl_records() {
	present "$dynamodb"
	s_server
	capture
	s_client "$dynamodb" -tls1 -max_send_frag 512 -alpn "$(seq -s, -f 'protocol-%.0f' 100)"
	openssl_flow max=TLSv1 sni="$dynamodb"
}
scenario openssl-tls10-records pcap "A hello over several TLS records" openssl_records

openssl_server_records() {
	present "$dynamodb"
	s_server -max_send_frag 512
	capture
	s_client - -tls1
	openssl_flow max=TLSv1 host="$dynamodb" host_source=certificate
}
scenario openssl-tls10-certificate-records pcap "A certificate over several TLS records, and no name" openssl_server_records

# Go offers X25519MLKEM768, whose key share alone is 1.2 kB.
go_postquantum() {
	present "$sqs"
	serve server "$work/golang" server "$server4:443" TLSv1 TLSv1.3
	listening 443
	capture
	client "$work/golang" client "$server4:443" TLSv1 TLSv1.3 "$sqs"
	established "client=Go $(go_version)" "server=Go $(go_version)" max=TLSv1.3 sni="$sqs"
}
scenario go-postquantum pcap "A hello of 1.5 kB over two segments" go_postquantum

# The same where the interface cuts segments and fills in checksums: the
# capture sees neither.
go_offload() {
	ethtool -K eth0 tx on tso on gso on gro on >/dev/null
	ip netns exec server ethtool -K eth0 tx on tso on gso on gro on >/dev/null
	go_postquantum
}
scenario go-postquantum-offload pcap "The same from a host that offloads: segments over the MTU, checksums not filled in" go_offload

go_ech() {
	present "$sqs"
	serve server "$work/golang" ech-server "$server4:443"
	listening 443
	capture
	client "$work/golang" ech-client "$server4:443" "$sqs"
	grep -q 'ECH: accepted' "$logs/client"
	established "client=Go $(go_version)" "server=Go $(go_version)" max=TLSv1.3 sni=public.example.net
}
scenario go-ech pcap "Encrypted ClientHello: the outer name is not where it goes" go_ech

# The second connection brings its hello in the SYN.
curl_fast_open() {
	needs curl python3
	present "$bucket"
	sysctl -qw net.ipv4.tcp_fastopen=3
	ip netns exec server sysctl -qw net.ipv4.tcp_fastopen=3
	serve server python3 "$here/peers/peer.py" fast-open-server "$server4" 443
	listening 443
	capture
	local count
	for count in 1 2; do
		# The server answers with our own line, which is no HTTP.
		attempt curl -skv --http0.9 --tcp-fastopen --tls-max 1.2 "https://$bucket/$count" || true
		established "$(curl_client)" "server=Python $(python_version)" max=TLSv1.2 sni="$bucket"
	done
}
scenario curl-fast-open pcap "TCP Fast Open: the second hello comes with the SYN" curl_fast_open

# No connection lingers in TIME_WAIT, so that the port is free again at once.
curl_same_port() {
	needs curl openssl
	sysctl -qw net.ipv4.tcp_max_tw_buckets=0
	present "$bucket"
	web_server
	capture
	local count
	for count in 1 2; do
		client curl -skv --tls-max 1."$count" --tlsv1.0 --local-port 40000 "https://$bucket/page"
		established "$(curl_client)" "$(openssl_server)" max=TLSv1."$count" sni="$bucket"
	done
}
scenario curl-same-port pcap "Two connections with the same addresses and ports" curl_same_port

# What is not TLS is not reported.
plain_http() {
	needs curl python3
	serve server env -C "$scratch" python3 -m http.server --bind "$server4" 443
	listening 443
	capture
	client curl -sv "http://$dynamodb:443/hosts"
}
scenario plain-http pcap "HTTP without TLS on port 443" plain_http
