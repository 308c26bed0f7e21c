# shellcheck shell=bash disable=SC2154 # variables come from lib.bash
# GnuTLS, by its own client and in the programs that Debian builds with it.

group_gnutls() {
	local version forced
	version=$(gnutls-cli --version | awk 'NR == 1 {print $2}')
	client_is "gnutls-$version" gnutls - "$version" "GnuTLS $version" "$(package gnutls-bin)" || return 0
	measure default "gnutls-cli" gnutls-cli --insecure "$dynamodb"
	measure default-min10 "gnutls-cli, NORMAL:+VERS-TLS1.1:+VERS-TLS1.0" gnutls-cli --insecure --priority NORMAL:+VERS-TLS1.1:+VERS-TLS1.0 "$dynamodb"
	for forced in tls10 tls11 tls12 tls13; do
		measure "$forced" "gnutls-cli, NORMAL:-VERS-ALL and one" gnutls-cli --insecure \
			--priority "NORMAL:-VERS-ALL:+VERS-TLS1.${forced#tls1}" "$dynamodb"
	done
	# The groups of FileZilla, in its order.
	local groups=-GROUP-ALL:+GROUP-SECP384R1:+GROUP-SECP521R1:+GROUP-SECP256R1
	measure default-groups "gnutls-cli, NORMAL:$groups" gnutls-cli --insecure --priority "NORMAL:$groups" "$dynamodb"
	measure tls10-groups "gnutls-cli, NORMAL:-VERS-ALL and one, $groups" gnutls-cli --insecure --priority "NORMAL:-VERS-ALL:+VERS-TLS1.0:$groups" "$dynamodb"
	measure_wget "GnuTLS $version"
	measure_git "GnuTLS $version"
}

measure_wget() { # TLS_LIBRARY
	local version minor
	version=$(wget --version | awk 'NR == 1 {print $3}')
	client_is "wget-$version" gnutls wget "$version" "$1" "$(package wget)" || return 0
	measure default "wget" wget -qO- --no-check-certificate --tries=1 "$endpoint"
	measure tls10 "wget --secure-protocol=TLSv1, with --ciphers" wget -qO- --no-check-certificate --tries=1 --ciphers=NORMAL:-VERS-ALL:+VERS-TLS1.0 "$endpoint"
	for minor in 1 2 3; do
		measure "default-from1$minor" "wget --secure-protocol=TLSv1_$minor" wget -qO- --no-check-certificate --tries=1 "--secure-protocol=TLSv1_$minor" "$endpoint"
	done
}

measure_git() { # TLS_LIBRARY
	local version minor
	version=$(git --version | awk '{print $3}')
	client_is "git-$version" gnutls git "$version" "$1" "$(package git) with $(package libcurl3-gnutls:amd64)" || return 0
	measure default "git ls-remote" git -c http.sslVerify=false ls-remote "${endpoint}v1/repos/x"
	for minor in 0 1 2 3; do
		measure "$([[ $minor == 3 ]] && echo tls13 || echo "default-from1$minor")" "git, http.sslVersion tlsv1.$minor" \
			git -c http.sslVerify=false -c "http.sslVersion=tlsv1.$minor" ls-remote "${endpoint}v1/repos/x"
	done
}
