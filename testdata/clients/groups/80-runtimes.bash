# shellcheck shell=bash disable=SC2154 # variables come from lib.bash
# The JavaScript runtimes beside Node.js: Deno's fetch is Rust's reqwest on
# rustls, Bun's is its own on BoringSSL.

group_runtimes() {
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
