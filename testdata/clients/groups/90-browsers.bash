# shellcheck shell=bash disable=SC2154 # variables come from lib.bash
# Debian's browsers, headless. What they ask of their makers' servers finds no
# way out of the namespace.

group_browsers() {
	measure_chromium
	measure_firefox
}

measure_chromium() {
	command -v chromium >/dev/null || {
		echo "left out chromium: not installed" >&2
		return 0
	}
	local version
	version=$(chromium --version 2>/dev/null | grep -o '[0-9.]\{6,\}' | head -n 1)
	client_is "chromium-$version" boringssl chrome "$version" "BoringSSL of Chromium $version" "$(package chromium)" || return 0
	chromium_row default "chromium --headless"
	chromium_row tls12 "chromium --headless --ssl-version-max=tls1.2" --ssl-version-max=tls1.2
	chromium_row tls13 "chromium --headless --ssl-version-min=tls1.3" --ssl-version-min=tls1.3
}

# chromium_row FORCED HOW OPTION...
chromium_row() {
	rm -rf "$scratch/profile"
	measure "$1" "$2" timeout 12 chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run \
		--disable-background-networking --disable-component-update --disable-sync --ignore-certificate-errors \
		--user-data-dir="$scratch/profile" --dump-dom "${@:3}" "$endpoint"
}

measure_firefox() {
	command -v firefox-esr >/dev/null || {
		echo "left out firefox: not installed" >&2
		return 0
	}
	local version
	version=$(firefox-esr --version | awk '{print $NF}')
	client_is "firefox-$version" nss firefox "$version" "NSS of Firefox $version" "$(package firefox-esr)" || return 0
	firefox_row default "firefox-esr --headless"
	firefox_row tls10 "firefox-esr --headless, security.tls.version.min and max 1" 1
	firefox_row tls11 "firefox-esr --headless, security.tls.version.min and max 2" 2
	firefox_row tls12 "firefox-esr --headless, security.tls.version.min and max 3" 3
	firefox_row tls13 "firefox-esr --headless, security.tls.version.min and max 4" 4
}

# firefox_row FORCED HOW [VERSION]
firefox_row() {
	rm -rf "$scratch/profile"
	mkdir -p "$scratch/profile"
	{
		echo 'user_pref("network.captive-portal-service.enabled", false);'
		echo 'user_pref("network.dns.disableIPv6", true);'
		[[ -z ${3:-} ]] || printf 'user_pref("security.tls.version.%s", %d);\n' min "$3" max "$3"
	} >"$scratch/profile/user.js"
	measure "$1" "$2" timeout 12 firefox-esr --headless --no-remote --profile "$scratch/profile" --screenshot "$scratch/page.png" "$endpoint"
}
