# shellcheck shell=bash disable=SC2046,SC2154 # $(named) is a word or nothing; variables come from record and lib
# The clients that people run, each at each version, with and without a name.

# curl sends a name whenever its URL has one.
record_curl() { # VERSION NAME
	needs curl openssl
	present "$2"
	web_server
	capture
	local host=$2
	[[ $2 != - ]] || host=$server4
	client curl -skv --tlsv1.0 --tls-max "1.${1#1}" "https://$host/page"
	established "$(curl_client)" "$(openssl_server)" max="${version[$1]}" $(named "$2" "$1")
}
# web_server answers HTTP on port 443.
web_server() {
	echo hello >"$scratch/page"
	serve server env -C "$scratch" openssl s_server -accept "$server4:443" -cert "$CERT" -key "$KEY" -WWW
	listening 443
}

record_go() { # VERSION NAME
	present "$2"
	serve server "$work/golang" server "$server4:443" TLSv1 TLSv1.3
	listening 443
	capture
	client "$work/golang" client "$server4:443" "${version[$1]}" "${version[$1]}" "$2"
	established "client=Go $(go_version)" "server=Go $(go_version)" max="${version[$1]}" $(named "$2" "$1")
}

record_node() { # VERSION NAME
	needs node
	present "$2"
	serve server node "$here/peers/peer.js" server "$server4" 443 TLSv1 TLSv1.3
	listening 443
	capture
	client node "$here/peers/peer.js" client "$server4" 443 "${version[$1]}" "${version[$1]}" "$2"
	established "client=Node.js $(node_version)" "server=Node.js $(node_version)" max="${version[$1]}" $(named "$2" "$1")
}

record_python() { # VERSION NAME
	needs python3
	present "$2"
	serve server python3 "$here/peers/peer.py" server "$server4" 443 TLSv1 TLSv1.3
	listening 443
	capture
	client python3 "$here/peers/peer.py" client "$server4" 443 "${version[$1]}" "${version[$1]}" "$2"
	established "client=Python $(python_version)" "server=Python $(python_version)" max="${version[$1]}" $(named "$2" "$1")
}

# java ARGUMENT... without the list of what Java no longer speaks.
java_peer() { echo java -Xshare:auto -Djava.security.properties="$work/java.security" -cp "$work" Peer; }

record_java() { # VERSION NAME [PROTOCOLS]
	needs java javac
	present "$2"
	# shellcheck disable=SC2046 # a command and its arguments
	serve server $(java_peer) server "$server4" 443 SSLv2Hello,SSLv3,TLSv1,TLSv1.1,TLSv1.2,TLSv1.3
	listening 443
	capture
	client $(java_peer) client "$server4" 443 "${3:-${version[$1]}}" "$2"
	established "client=Java $(java_version)" "server=Java $(java_version)" max="${version[$1]}" $(named "$2" "$1")
}

record_gnutls() { # VERSION NAME
	needs gnutls-cli gnutls-serv
	present "$2"
	local all=NORMAL:-VERS-ALL:+VERS-TLS1.0:+VERS-TLS1.1:+VERS-TLS1.2:+VERS-TLS1.3:+SIGN-ALL
	serve server gnutls-serv --port 443 --echo --x509certfile "$CERT" --x509keyfile "$KEY" --priority "$all"
	listening 443
	capture
	local naming=--disable-sni
	[[ $2 == - ]] || naming=--sni-hostname=$2
	client gnutls-cli --insecure "$naming" --port 443 \
		--priority "NORMAL:-VERS-ALL:+VERS-TLS${1%?}.${1#?}:+SIGN-ALL" "$server4"
	established "client=gnutls-cli $(gnutls_version)" "server=gnutls-serv $(gnutls_version)" max="${version[$1]}" $(named "$2" "$1")
}

for v in 10 11 12 13; do
	for each in "curl $bucket" "go $sqs" "node $dynamodb" "python $sts_china" "java $s3" "gnutls $internal"; do
		read -r who name <<<"$each"
				scenario "$who-tls$v-sni" pcap "${version[$v]}" "record_$who" $v "$name"
		scenario "$who-tls$v-nosni" pcap "${version[$v]} without a name" "record_$who" $v -
	done
done

# Java still knows how to open with the hello of SSL 2.0, and to speak SSL 3.0.
version[3]=SSLv3
scenario java-ssl3 pcap "SSLv3: the certificate alone has a name" record_java 3 -
scenario java-sslv2hello pcap "A hello in the format of SSL 2.0 for TLSv1: the certificate alone has a name" record_java 10 - SSLv2Hello,TLSv1
