# shellcheck shell=bash disable=SC2154 # variables come from lib.bash
# The JavaScript runtimes beside Node.js: Deno's fetch is Rust's reqwest on
# rustls, Bun's is its own on BoringSSL. And Erlang's, which has TLS of its own.

group_runtimes() {
	measure_javascript
	measure_erlang
}

measure_javascript() {
	local deno bun version
	for deno in "$cache"/deno/*/bin/deno; do
		[[ -x $deno ]] || continue
		version=$("$deno" --version | awk 'NR == 1 {print $2}')
		client_is "deno-$version" rustls rust "$version" "rustls, as Deno $version links it" "npm @deno/linux-x64-glibc@$version" || continue
		measure default "Deno's fetch" env DENO_NO_UPDATE_CHECK=1 "$deno" run --no-config -A --unsafely-ignore-certificate-errors "$here/peers/fetch.js" "$endpoint"
		measure default-connect "Deno.connectTls" env DENO_NO_UPDATE_CHECK=1 "$deno" run --no-config -A --unsafely-ignore-certificate-errors "$here/peers/fetch.js" "$endpoint" connect
	done
	for bun in "$cache"/bun/*/bin/bun; do
		[[ -x $bun ]] || continue
		version=$("$bun" --version)
		client_is "bun-$version" boringssl - "$version" "BoringSSL $("$bun" -e 'console.log(process.versions.boringssl)')" \
			"npm @oven/bun-linux-x64@$version" || continue
		measure default "Bun's fetch" env DO_NOT_TRACK=1 "$bun" "$here/peers/fetch.js" "$endpoint"
	done
}

measure_erlang() {
	local version minor
	command -v erlc >/dev/null || {
		echo "left out Erlang: erlc is not installed" >&2
		return 0
	}
	erlc -o "$scratch" "$here/peers/https.erl" || return 0
	version=$(package_number erlang-ssl)
	client_is "erlang-${version%%+*}" erlang - "${version%%+*}" "Erlang/OTP ${version%%+*}" "$(package erlang-ssl)" || return 0
	measure default "ssl:connect" erl -noshell -pa "$scratch" -run https main "$dynamodb" -s init stop
	for minor in 0 1 2 3; do
		measure "tls1$minor" "ssl:connect, versions" erl -noshell -pa "$scratch" -run https main "$dynamodb" "$(erlang_name "$minor")" -s init stop
	done
}

# erlang_name MINOR prints the name that Erlang has for TLS 1.MINOR.
erlang_name() { [[ $1 == 0 ]] && echo tlsv1 || echo "tlsv1.$1"; }
