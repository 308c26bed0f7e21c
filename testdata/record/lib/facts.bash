# shellcheck shell=bash disable=SC2034,SC2154 # variables are shared with record and scenarios
# What a scenario knows of a flow, from the programs at its two ends.

# flow KEY=VALUE... notes one flow, in the order of the hellos. The keys are
#
#   client, server      the programs
#   sni                 the name that the client was told to send; none without
#   max                 the highest version that the client was told to offer
#   selected, cipher    what an end reported; none when the handshake failed
#   outcome             established refused reset closed unanswered truncated
#   alert, alert_from   of a refusal
#   starttls, tunnels, vlan, host, host_source, resumed, early_data
#   hello_verify        a server of DTLS asked for a cookie
#   protocol, quic      of QUIC: "quic", and its version
#   retry, version_negotiation    what a server of QUIC sent
#   witness=no          tshark does not see the capture's hellos
flow() { (IFS=$'\t' && echo "$*") >>"$scratch/facts"; }

# said LOG prints the version and the cipher that a program reported, as
# "selected=... cipher=...", with the version as OpenSSL writes it.
said() {
	local version cipher
	version=$(reported "$1" \
		'^ *Protocol *:? (version: )?(SSLv3|D?TLSv1[.0-9]*)$|2' \
		'SSL connection using (TLSv1[.0-9]*) /|1' \
		'Description: \((D?TLS1\.[0-3])|1')
	[[ -n $version ]] || {
		echo "no protocol version in $1:" >&2
		cat "$logs/$1" >&2
		return 1
	}
	version=${version/#TLS1/TLSv1} version=${version/#DTLS1/DTLSv1}
	cipher=$(reported "$1" \
		'^ *Cipher(suite)? *: ([A-Z0-9_-]+)$|2' \
		'SSL connection using TLSv1[.0-9]* / ([A-Z0-9_-]+)|1')
	echo "selected=${version/%v1.0/v1}${cipher:+ cipher=$cipher}"
}

# reported LOG PATTERN|GROUP... prints the first match of the first pattern
# that matches.
reported() {
	local line pattern
	for pattern in "${@:2}"; do
		while IFS= read -r line; do
			if [[ ${line%$'\r'} =~ ${pattern%|*} ]]; then
				echo "${BASH_REMATCH[${pattern##*|}]}"
				return
			fi
		done <"$logs/$1"
	done
}

# established KEY=VALUE... notes a flow of which the client (or LOG=..., the
# program with that log) reported a completed handshake.
established() {
	local log=client what
	case $1 in LOG=*)
		log=${1#LOG=}
		shift
		;;
	esac
	what=$(said "$log")
	# shellcheck disable=SC2086 # two KEY=VALUE
	flow outcome=established $what "$@"
}

# named NAME VERSION prints sni=NAME. For "-" no name was sent: the server's
# certificate says whose it is, unless it travels encrypted.
named() {
	if [[ $1 != - ]]; then
		echo "sni=$1"
	elif [[ $2 != 13 ]]; then
		echo "host=$internal host_source=certificate"
	fi
}

# The programs, with their versions.
openssl_client() { echo "client=openssl s_client $(openssl version | cut -d' ' -f2)"; }
openssl_server() { echo "server=openssl s_server $(openssl version | cut -d' ' -f2)"; }
curl_client() { echo "client=curl $(curl --version | awk 'NR==1 {print $2, "(" $5 ")"}')"; }
go_version() { go env GOVERSION | sed 's/go//'; }
python_version() { python3 -c 'import platform, ssl; print(platform.python_version(), "(" + ssl.OPENSSL_VERSION.rsplit(" ", 3)[0] + ")")'; }
node_version() { node -p 'process.versions.node + " (OpenSSL " + process.versions.openssl + ")"'; }
java_version() { java -XshowSettings:properties -version 2>&1 | sed -n 's/^ *java.version = //p'; }
gnutls_version() { gnutls-cli --version | awk 'NR==1 {print $2}'; }
