# shellcheck shell=bash disable=SC2016,SC2154 # dpkg-query's own fields; variables come from lib.bash
# NSS, by its own client and in libcurl.

group_nss() {
	command -v tstclnt >/dev/null || leave_out "tstclnt is not installed"
	local version range
	version=$(package_number libnss3:amd64)
	mkdir -p "$scratch/nss" && certutil -N -d "sql:$scratch/nss" --empty-password
	client_is "nss-$version" nss - "$version" "NSS $version" "$(package libnss3-tools)" || return 0
	measure default "tstclnt" tstclnt -d "sql:$scratch/nss" -o -h "$dynamodb" -p 443
	measure default-min10 "tstclnt -V tls1.0:tls1.3" tstclnt -d "sql:$scratch/nss" -o -h "$dynamodb" -p 443 -V tls1.0:tls1.3
	for range in 0 1 2 3; do
		measure "tls1$range" "tstclnt -V tls1.$range:tls1.$range" tstclnt -d "sql:$scratch/nss" -o -h "$dynamodb" -p 443 -V "tls1.$range:tls1.$range"
	done
}

# package_number NAME prints a package's version without Debian's parts.
package_number() { dpkg-query -W -f '${source:Upstream-Version}' "$1" 2>/dev/null; }
