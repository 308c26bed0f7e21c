# shellcheck shell=bash disable=SC2154 # variables come from record and lib
# Destinations whose name is not in the hello, or not only there.

openssl_certificate() { # VERSION CERTIFICATE HOST
	present "$2"
	s_server
	capture
	s_client - "${only[$1]}"
	openssl_flow max="${version[$1]}" ${3:+host=$3 host_source=certificate}
}
for v in 10 11 12; do
	scenario openssl-tls$v-certificate pcap "${version[$v]}: the certificate alone has the name" openssl_certificate $v "$dynamodb" "$dynamodb"
done
scenario openssl-tls10-wildcard pcap "The certificate's name is a wildcard" openssl_certificate 10 wildcard '*.s3.eu-west-1.amazonaws.com'
scenario openssl-tls13-certificate pcap "The certificate has the name, but travels encrypted" openssl_certificate 13 "$dynamodb"
scenario openssl-tls10-nameless pcap "The certificate is of no host" openssl_certificate 10 nameless

# Where one of the two names is AWS's, that is where the flow goes, or should.
openssl_fronting() { # SNI CERTIFICATE
	present "$2"
	s_server
	capture
	s_client "$1" -tls1
	case $2 in
	*.amazonaws.com) openssl_flow max=TLSv1 sni="$1" host="$2" host_source=certificate ;;
	*) openssl_flow max=TLSv1 sni="$1" ;;
	esac
}
scenario openssl-certificate-of-another pcap "The certificate is not of the name that was asked for" openssl_fronting "$dynamodb" "$internal"
scenario openssl-name-of-another pcap "The name that was asked for is not the certificate's, which is AWS's" openssl_fronting "$internal" "$dynamodb"

# dns OPTION... is the only one who knows names.
dns() {
	needs dnsmasq
	no_known_names
	serve dnsmasq dnsmasq --no-daemon --conf-file=/dev/null --user=root --pid-file= --no-resolv --no-hosts \
		--bind-interfaces --listen-address="$dns4" --local-ttl=60 "$@"
	awaits "dnsmasq" eval "ip netns exec server ss -Hlun 'sport = :53' | grep -q ."
}

# resolved NAME CERTIFICATE: a client that looks a name up and sends none.
resolved() {
	present "$2"
	s_server
	capture
	target=$1:443 s_client - -tls1
	openssl_flow max=TLSv1 host="$1" host_source=dns
}
openssl_dns() { dns --host-record="$dynamodb,$server4" && resolved "$dynamodb" nameless; }
scenario openssl-tls10-dns pcap "DNS alone has the name" openssl_dns

# An answer over TCP, and one for version 6 addresses.
openssl_dns_tcp() {
	dns --host-record="$dynamodb,$server4"
	echo "options use-vc" >>/etc/resolv.conf
	resolved "$dynamodb" nameless
}
scenario openssl-tls10-dns-tcp pcap "DNS alone has the name; it was asked over TCP" openssl_dns_tcp

openssl_dns6() {
	dns --host-record="$dynamodb,$server6"
	present nameless
	target="[$server6]:443" s_server
	capture
	target=$dynamodb:443 s_client - -tls1
	openssl_flow max=TLSv1 host="$dynamodb" host_source=dns
}
scenario openssl-tls10-dns-ipv6 pcap "DNS alone has the name; the address is IPv6" openssl_dns6

# A bucket's name is an alias, as S3's are.
openssl_cname() {
	dns --cname="$bucket,s3-r-w.eu-west-1.amazonaws.com" --host-record="s3-r-w.eu-west-1.amazonaws.com,$server4"
	resolved "$bucket" nameless
}
scenario openssl-tls10-dns-alias pcap "DNS alone has the name, which is an alias" openssl_cname

# The old client is refused, and nothing but DNS says what it wanted.
openssl_dns_refused() {
	dns --host-record="$dynamodb,$server4"
	present "$dynamodb"
	s_server "${modern[@]}"
	capture
	refused openssl s_client -connect "$dynamodb:443" -brief -noservername -tls1
	flow "$(openssl_client)" "$(openssl_server)" outcome=refused alert=protocol_version alert_from=server \
		max=TLSv1 host="$dynamodb" host_source=dns
}
scenario openssl-tls10-dns-refused pcap "TLSv1, refused, and DNS alone has the name" openssl_dns_refused

# Without a certificate in the handshake at all.
openssl_anonymous() {
	dns --host-record="$dynamodb,$server4"
	needs openssl
	serve server openssl s_server -accept "$server4:443" -nocert -cipher aNULL:@SECLEVEL=0 -rev
	listening 443
	capture
	target=$dynamodb:443 s_client - -tls1 -cipher aNULL:@SECLEVEL=0
	openssl_flow max=TLSv1 host="$dynamodb" host_source=dns
}
scenario openssl-tls10-anonymous pcap "No certificate, and DNS alone has the name" openssl_anonymous

# proxy starts one that speaks HTTP CONNECT; the name asked of it is clear.
proxy() {
	needs tinyproxy
	printf 'User root\nPort 3128\nListen %s\nTimeout 10\nMaxClients 4\nDisableViaHeader Yes\n' "$proxy4" >"$scratch/tinyproxy.conf"
	serve tinyproxy tinyproxy -d -c "$scratch/tinyproxy.conf"
	listening 3128
}
readonly tinyproxy_server="server=openssl s_server behind tinyproxy"

openssl_connect() {
	proxy
	present "$dynamodb"
	s_server
	capture
	target=$dynamodb:443 s_client - -tls1 -proxy "$proxy4:3128"
	established "$(openssl_client)" "$tinyproxy_server" max=TLSv1 starttls=http-connect \
		host="$dynamodb" host_source=connect
}
scenario openssl-connect pcap "HTTP CONNECT through a proxy, and no name in the hello" openssl_connect

curl_connect() {
	needs curl
	proxy
	present "$bucket"
	web_server
	capture
	client curl -skv --tls-max 1.1 --tlsv1.0 --proxy "http://$proxy4:3128" "https://$bucket/page"
	established "$(curl_client)" "$tinyproxy_server" max=TLSv1.1 starttls=http-connect sni="$bucket"
}
scenario curl-connect pcap "HTTP CONNECT through a proxy" curl_connect

# The proxy refuses, and no hello is sent.
curl_connect_refused() {
	needs curl
	proxy
	capture
	refused curl -skv --proxy "http://$proxy4:3128" "https://$bucket/page"
}
scenario curl-connect-refused pcap "HTTP CONNECT to a port where nobody listens: no hello" curl_connect_refused

curl_socks() {
	needs curl microsocks
	serve microsocks microsocks -i "$proxy4" -p 1080
	listening 1080
	present "$bucket"
	web_server
	capture
	client curl -skv --tls-max 1.0 --tlsv1.0 --socks5-hostname "$proxy4:1080" "https://$bucket/page"
	established "$(curl_client)" "server=openssl s_server behind microsocks" max=TLSv1 starttls=socks5 sni="$bucket"
}
scenario curl-socks5 pcap "SOCKS5, with the name asked of the proxy" curl_socks
