# shellcheck shell=bash disable=SC2154 # variables come from lib.bash
# Mono's HttpWebRequest, which is .NET Framework's where there is no Windows.
# Its TLS is a BoringSSL of its own (BTLS). The provider written in C#, up to TLS
# 1.0, is gone: with MONO_TLS_PROVIDER=legacy Mono 6.8 sends the same hello.

group_mono() {
	command -v mcs >/dev/null || leave_out "mono-mcs is not installed"
	local version forced
	version=$(mono --version | sed -n '1s/.*version \([0-9.]*\).*/\1/p')
	mcs -out:"$scratch/https.exe" "$here/peers/Https.cs"
	client_is "mono-$version" boringssl mono "$version" "BTLS (BoringSSL) of Mono $version" "$(package mono-runtime)" || return 0
	measure default "HttpWebRequest" mono "$scratch/https.exe" "$endpoint"
	for forced in ssl30 tls10 tls11 tls12 tls13; do
		measure "$forced" "HttpWebRequest, ServicePointManager.SecurityProtocol" mono "$scratch/https.exe" "$endpoint" "${label[$forced]}"
	done
}
