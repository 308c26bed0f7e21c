# shellcheck shell=bash disable=SC2034,SC2154 # variables are shared with record and scenarios
# Keys and certificates, made anew for each run and thrown away after it.

# Debian's OpenSSL forbids TLS 1.0 and 1.1 and what they need. Everything that
# links OpenSSL reads this instead.
write_openssl_conf() {
	cat >"$work/openssl.cnf" <<-'EOF'
		openssl_conf = settings
		[settings]
		ssl_conf = ssl
		[ssl]
		system_default = old
		[old]
		CipherString = DEFAULT:@SECLEVEL=0
		MinProtocol = TLSv1
		[req]
		distinguished_name = subject
		[subject]
	EOF
	export OPENSSL_CONF=$work/openssl.cnf
}

make_identities() {
	write_openssl_conf
	local name
	for name in "${everybody[@]}"; do
		identity "$name" "/CN=$name" "DNS:$name"
	done
	identity wildcard "/CN=*.s3.eu-west-1.amazonaws.com" "DNS:*.s3.eu-west-1.amazonaws.com"
	identity nameless "/O=Example/CN=Load Balancer 1" "IP:$server4"
	identity client "/CN=batch job 7" "email:jobs@example.com"
	present "$internal"
}

# identity FILE SUBJECT NAMES makes FILE.pem, FILE.key, and FILE.p12 for Java.
identity() {
	openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -sha256 -subj "$2" -addext "subjectAltName=$3" \
		-keyout "$work/$1.key" -out "$work/$1.pem" 2>/dev/null
	openssl pkcs12 -export -in "$work/$1.pem" -inkey "$work/$1.key" -passout pass:changeit -out "$work/$1.p12"
	cat "$work/$1.pem" "$work/$1.key" >"$work/$1.both"
	chmod 644 "$work/$1".*
}

# present NAME makes servers show that certificate: for "-", one that has
# nothing to do with AWS.
present() {
	set -- "${1/#-/$internal}"
	export CERT=$work/$1.pem KEY=$work/$1.key STORE=$work/$1.p12
}

# build_peers compiles the Go and Java ends. Those for DTLS and QUIC need modules that may
# not be to be had.
build_peers() {
	(cd "$testdata/.." && go build -o "$work/golang" ./testdata/record/peers/golang)
	(cd "$here/peers/pion" && go build -o "$work/pion" .) || true
	(cd "$here/peers/quicgo" && go build -o "$work/quicgo" .) || true
	if command -v javac >/dev/null; then
		javac -d "$work" "$here/peers/Peer.java"
		echo 'jdk.tls.disabledAlgorithms=' >"$work/java.security"
	fi
}
