# shellcheck shell=bash disable=SC2154 # variables come from lib.bash
# The libraries of small programs, each in a client of a few lines, and the
# builds of libcurl that Debian has beside the one of OpenSSL.

group_embedded() {
	measure_mbedtls
	measure_wolfssl
	measure_bearssl
	measure_botan
	measure_libcurl gnutls libcurl-gnutls.so.4 libcurl3-gnutls:amd64
	measure_libcurl nss libcurl-nss.so.4 libcurl3-nss:amd64
}

# compiled NAME LIBRARY... builds peers/NAME.c.
compiled() {
	cc -o "$scratch/$1" "$here/peers/$1.c" "${@:2}" >"$logs/cc" 2>&1 && return
	echo "left out $1: $(grep -m 1 error "$logs/cc")" >&2
	return 1
}

measure_mbedtls() {
	compiled mbedtls -lmbedtls -lmbedx509 -lmbedcrypto || return 0
	local version minor
	version=$(package_number libmbedtls-dev)
	client_is "mbedtls-$version" mbedtls - "$version" "Mbed TLS $version" "$(package libmbedtls-dev)" || return 0
	measure default "mbedtls_ssl_handshake, MBEDTLS_SSL_PRESET_DEFAULT" "$scratch/mbedtls" "$dynamodb"
	for minor in 0 1 2; do
		measure "tls1$minor" "mbedtls_ssl_conf_min_version and max_version" "$scratch/mbedtls" "$dynamodb" "$((minor + 1))"
	done
}

measure_wolfssl() {
	compiled wolfssl -lwolfssl || return 0
	local version forced
	version=$(package_number libwolfssl-dev)
	client_is "wolfssl-$version" wolfssl - "$version" "wolfSSL $version" "$(package libwolfssl-dev)" || return 0
	measure default "wolfSSLv23_client_method" "$scratch/wolfssl" "$dynamodb"
	for forced in tls10 tls11 tls12 tls13; do
		measure "$forced" "wolfTLSv1_${forced#tls1}_client_method" "$scratch/wolfssl" "$dynamodb" "$forced"
	done
}

measure_bearssl() {
	compiled bearssl -lbearssl || return 0
	local version minor
	version=$(package_number libbearssl-dev)
	version=${version%%+*}
	client_is "bearssl-$version" bearssl - "$version" "BearSSL $version" "$(package libbearssl-dev)" || return 0
	measure default "br_ssl_client_init_full" "$scratch/bearssl" "$dynamodb"
	for minor in 0 1 2; do
		measure "tls1$minor" "br_ssl_client_init_full, br_ssl_engine_set_versions" "$scratch/bearssl" "$dynamodb" "$((minor + 1))"
	done
}

# Botan's default policy has no cipher that TLS 1.0 or 1.1 can use.
measure_botan() {
	local version
	version=$(package_number botan)
	version=${version%%+*}
	client_is "botan-$version" botan - "$version" "Botan $version" "$(package botan)" || return 0
	measure default "botan tls_client" botan tls_client "$dynamodb"
	measure tls12 "botan tls_client, --tls1.2" botan tls_client "$dynamodb" --tls1.2
}

# measure_libcurl LIBRARY FILE PACKAGE
measure_libcurl() {
	local says minor client=(python3 "$here/peers/libcurl.py" "$2")
	says=$("${client[@]}" 2>/dev/null) || {
		echo "left out libcurl with $1: $2 is not installed" >&2
		return 0
	}
	set -- "$1" "$(awk '{sub("libcurl/", "", $1); print $1}' <<<"$says")" "$(awk '{sub("/", " ", $2); print $2}' <<<"$says")" "$3"
	client_is "libcurl-$1-$2" "$1" curl "$2" "$3" "$(package "$4")" || return 0
	measure default "libcurl" "${client[@]}" "$endpoint"
	for minor in 0 1 2 3; do
		measure "tls1$minor" "libcurl, CURLOPT_SSLVERSION" "${client[@]}" "$endpoint" "$minor" "$minor"
	done
}
