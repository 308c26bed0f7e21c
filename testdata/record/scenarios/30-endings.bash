# shellcheck shell=bash disable=SC2154 # variables come from record and lib
# Handshakes that do not end in a connection.

# The server's floor is TLSv1.2, as AWS's is.
modern=(-no_tls1 -no_tls1_1)
openssl_refused() { # VERSION
	present "$dynamodb"
	s_server "${modern[@]}"
	capture
	refused_client "$dynamodb" "${only[$1]}"
	flow "$(openssl_client)" "$(openssl_server)" outcome=refused alert=protocol_version alert_from=server \
		max="${version[$1]}" sni="$dynamodb"
}
# refused_client NAME OPTION...
refused_client() {
	refused openssl s_client -connect "$server4:443" -brief -servername "$@"
}
scenario openssl-tls10-refused pcap "TLSv1, refused by a server whose floor is TLSv1.2" openssl_refused 10
scenario openssl-tls11-refused pcap "TLSv1.1, refused by a server whose floor is TLSv1.2" openssl_refused 11

go_refused() {
	present "$sqs"
	serve server "$work/golang" server "$server4:443" TLSv1.2 TLSv1.3
	listening 443
	capture
	refused "$work/golang" client "$server4:443" TLSv1 TLSv1.1 "$sqs"
	flow "client=Go $(go_version)" "server=Go $(go_version)" outcome=refused alert=protocol_version alert_from=server \
		max=TLSv1.1 sni="$sqs"
}
scenario go-tls11-refused pcap "TLSv1 and TLSv1.1 offered, refused by a server whose floor is TLSv1.2" go_refused

java_refused() {
	needs java javac
	present "$s3"
	# shellcheck disable=SC2046 # a command and its arguments
	serve server $(java_peer) server "$server4" 443 TLSv1.2,TLSv1.3
	listening 443
	capture
	# shellcheck disable=SC2046 # a command and its arguments
	refused $(java_peer) client "$server4" 443 TLSv1 "$s3"
	flow "client=Java $(java_version)" "server=Java $(java_version)" outcome=refused alert=protocol_version alert_from=server \
		max=TLSv1 sni="$s3"
}
scenario java-tls10-refused pcap "TLSv1, refused by a server whose floor is TLSv1.2" java_refused

gnutls_refused() {
	needs gnutls-cli gnutls-serv
	present "$s3"
	serve server gnutls-serv --port 443 --echo --x509certfile "$CERT" --x509keyfile "$KEY" \
		--priority NORMAL:-VERS-ALL:+VERS-TLS1.2:+VERS-TLS1.3
	listening 443
	capture
	refused gnutls-cli --insecure --sni-hostname="$s3" --port 443 --priority NORMAL:-VERS-ALL:+VERS-TLS1.0 "$server4"
	flow "client=gnutls-cli $(gnutls_version)" "server=gnutls-serv $(gnutls_version)" outcome=refused alert=protocol_version \
		alert_from=server max=TLSv1 sni="$s3"
}
scenario gnutls-tls10-refused pcap "TLSv1, refused by a server whose floor is TLSv1.2" gnutls_refused

# The server selects TLSv1, and the client does not want it: it offered
# TLSv1.2 in a hello that cannot say where its own floor is.
openssl_client_refuses() {
	present "$dynamodb"
	s_server -tls1
	capture
	refused_client "$dynamodb" -tls1_2
	flow "$(openssl_client)" "$(openssl_server)" outcome=refused alert=protocol_version alert_from=client \
		max=TLSv1.2 selected=TLSv1 sni="$dynamodb"
}
scenario openssl-client-refuses pcap "The server selects TLSv1, and the client refuses that" openssl_client_refuses

# A client that was cut off once tries again with less, and says that it does
# (RFC 7507).
openssl_fallback() { # SERVER OPTION...
	present "$dynamodb"
	s_server "$@"
	capture
	s_client "$dynamodb" -tls1_1 -fallback_scsv
	openssl_flow max=TLSv1.1 sni="$dynamodb"
}
scenario openssl-fallback pcap "TLS_FALLBACK_SCSV, and the server knows nothing better" openssl_fallback -tls1_1

openssl_fallback_refused() {
	present "$dynamodb"
	s_server
	capture
	refused_client "$dynamodb" -tls1_1 -fallback_scsv
	flow "$(openssl_client)" "$(openssl_server)" outcome=refused alert=inappropriate_fallback alert_from=server \
		max=TLSv1.1 sni="$dynamodb"
}
scenario openssl-fallback-refused pcap "TLS_FALLBACK_SCSV, refused by a server that knows better" openssl_fallback_refused

openssl_no_cipher() {
	present "$dynamodb"
	s_server -cipher AES128-GCM-SHA256
	capture
	refused_client "$dynamodb" -tls1_2 -cipher ECDHE-RSA-CHACHA20-POLY1305
	flow "$(openssl_client)" "$(openssl_server)" outcome=refused alert=handshake_failure alert_from=server \
		max=TLSv1.2 sni="$dynamodb"
}
scenario openssl-tls12-no-cipher pcap "TLSv1.2, refused because no cipher suite is shared" openssl_no_cipher

# Servers that do not answer a hello in TLS.
disappointing() { # HOW KEY=VALUE...
	serve server "$work/golang" "$1" "$server4:443"
	listening 443
	capture
	refused_client "$dynamodb" -tls1
	flow "$(openssl_client)" "server=Go $(go_version)" "${@:2}" max=TLSv1 sni="$dynamodb"
}
scenario openssl-tls10-reset pcap "TLSv1, and the server resets the connection" disappointing reset outcome=reset
scenario openssl-tls10-closed pcap "TLSv1, and the server closes the connection: the client complains" \
	disappointing close alert=decode_error alert_from=client

go_closed() {
	serve server "$work/golang" close "$server4:443"
	listening 443
	capture
	refused "$work/golang" client "$server4:443" TLSv1 TLSv1 "$sqs"
	flow "client=Go $(go_version)" "server=Go $(go_version)" outcome=closed max=TLSv1 sni="$sqs"
}
scenario go-tls10-closed pcap "TLSv1, and the server closes the connection: the client says nothing" go_closed

# The capture ends while the client still waits.
unanswered() {
	serve server "$work/golang" silent "$server4:443"
	listening 443
	capture
	timeout 1 openssl s_client -connect "$server4:443" -servername "$dynamodb" -tls1 </dev/null >"$logs/client" 2>&1 &
	awaits "the hello" eval "[[ \$(stat -c %s $capture_file) -gt 400 ]]"
	stop_capture
	flow "$(openssl_client)" "server=Go $(go_version)" max=TLSv1 sni="$dynamodb"
}
scenario openssl-tls10-unanswered pcap "TLSv1, and no answer before the capture ends" unanswered
