# shellcheck shell=bash disable=SC2016,SC2034,SC2154 # dpkg-query's own fields; variables are shared with lib.bash and other groups
# Other releases of Debian than this machine's, for other generations of its
# libraries: trees made by fetch, entered with chroot.

# enter_debian RELEASE lets a tree see the stage; "$root" is where it lies.
enter_debian() {
	release=$1 root=$cache/debian/$1
	[[ ! -e $root/mnt/peers ]] || return 0
	mount -t tmpfs tmpfs "$root/mnt"
	mkdir "$root"/mnt/{peers,scratch}
	mount --bind "$here/peers" "$root/mnt/peers"
	mount --bind "$scratch" "$root/mnt/scratch"
	mount --bind /dev "$root/dev"
	mount -t proc proc "$root/proc"
	touch "$root/etc/hosts"
	mount --bind "$scratch/hosts" "$root/etc/hosts"
	cp "$OPENSSL_CONF" "$root/mnt/scratch/openssl.cnf"
}

group_debian() {
	local each found=
	for each in bullseye trixie; do
		[[ -x $cache/debian/$each/usr/bin/openssl ]] || continue
		found=yes
		enter_debian "$each"
		in_openssl
		in_curl
		in_gnutls
		in_wget
		in_python
		in_ruby
		in_nss
	done
	[[ -n $found ]] || leave_out "no other Debian in $cache/debian: run fetch"
}

has() { [[ -n $(compgen -G "$root/usr/bin/$1") ]]; }
within() { "${plain[@]}" chroot "$root" "$@"; }
origin_of() { within dpkg-query -W -f "Debian $release package \${Package} \${Version}" "$1"; }
openssl_within() { within openssl version | cut -d' ' -f1,2; }

readonly old_within=(env OPENSSL_CONF=/mnt/scratch/openssl.cnf)

in_openssl() {
	local forced option library
	library=$(openssl_within)
	client_is "openssl-${library#* }" "$(openssl_generation "${library#* }")" - "${library#* }" "$library" "$(origin_of openssl)" || return 0
	measure default "openssl s_client" chroot "$root" openssl s_client -connect "$dynamodb:443"
	measure default-min10 "openssl s_client, MinProtocol TLSv1, SECLEVEL 0" "${old_within[@]}" chroot "$root" openssl s_client -connect "$dynamodb:443"
	for forced in tls10 tls11 tls12 tls13; do
		option=-${forced/tls1/tls1_}
		[[ $forced != tls10 ]] || option=-tls1
		measure "$forced" "openssl s_client $option, SECLEVEL 0" "${old_within[@]}" chroot "$root" openssl s_client "$option" -connect "$dynamodb:443"
	done
}

in_curl() {
	has curl || return 0
	local said minor
	said=$(within curl --version | head -n 1)
	set -- "$(awk '{print $2}' <<<"$said")" "$(awk '{sub("/", " ", $5); print $5}' <<<"$said")"
	[[ $said != *GnuTLS* ]] || set -- "$1" "$(grep -o 'GnuTLS/[0-9.]*' <<<"$said" | tr / ' ')"
	client_is "curl-$1" "$(library_id "$2")" curl "$1" "$2" "$(origin_of curl)" || return 0
	measure default "curl" chroot "$root" curl -sk "$endpoint"
	for minor in 0 1 2 3; do
		measure "tls1$minor" "curl --tlsv1.$minor --tls-max 1.$minor, SECLEVEL 0" "${old_within[@]}" \
			chroot "$root" curl -sk "--tlsv1.$minor" --tls-max "1.$minor" "$endpoint"
	done
}

# library_id "NAME VERSION" prints the ID of the TLS library.
library_id() {
	case $1 in
	OpenSSL*) openssl_generation "${1#* }" ;;
	*) echo gnutls ;;
	esac
}

in_gnutls() {
	local version forced
	version=$(within gnutls-cli --version | awk 'NR == 1 {print $2}')
	client_is "gnutls-$version" gnutls - "$version" "GnuTLS $version" "$(origin_of gnutls-bin)" || return 0
	measure default "gnutls-cli" chroot "$root" gnutls-cli --insecure "$dynamodb"
	for forced in tls10 tls11 tls12 tls13; do
		measure "$forced" "gnutls-cli, NORMAL:-VERS-ALL and one" chroot "$root" gnutls-cli --insecure \
			--priority "NORMAL:-VERS-ALL:+VERS-TLS1.${forced#tls1}" "$dynamodb"
	done
}

in_wget() {
	has wget || return 0
	local version
	version=$(within wget --version | awk 'NR == 1 {print $3}')
	client_is "wget-$version" gnutls wget "$version" "GnuTLS $(within gnutls-cli --version | awk 'NR == 1 {print $2}')" "$(origin_of wget)" || return 0
	measure default "wget" chroot "$root" wget -qO- --no-check-certificate --tries=1 "$endpoint"
}

in_python() {
	local version forced
	version=$(within python3 -c 'import platform; print(platform.python_version())')
	client_is "python-$version" "$(library_id "$(openssl_within)")" python "$version" \
		"$(within python3 -c 'import ssl; print(" ".join(ssl.OPENSSL_VERSION.split()[:2]))')" "$(origin_of python3-minimal)" || return 0
	measure default-urllib "urllib.request, create_default_context" chroot "$root" python3 /mnt/peers/https.py urllib "$endpoint"
	for forced in tls10 tls11 tls12 tls13; do
		measure "$forced-urllib" "urllib.request, minimum_version and maximum_version, SECLEVEL 0" "${old_within[@]}" \
			chroot "$root" python3 /mnt/peers/https.py urllib "$endpoint" "${label[$forced]}"
	done
}

in_ruby() {
	has ruby || return 0
	local version forced
	version=$(within ruby -e 'puts RUBY_VERSION')
	client_is "ruby-$version" "$(library_id "$(openssl_within)")" ruby "$version" \
		"$(within ruby -ropenssl -e 'puts OpenSSL::OPENSSL_LIBRARY_VERSION.split[0, 2].join(" ")')" "$(origin_of ruby)" || return 0
	measure default "Net::HTTP" chroot "$root" ruby /mnt/peers/https.rb "$endpoint"
	for forced in tls10 tls11 tls12 tls13; do
		measure "$forced" "Net::HTTP, min_version and max_version, SECLEVEL 0" "${old_within[@]}" \
			chroot "$root" ruby /mnt/peers/https.rb "$endpoint" "${label[$forced]}"
	done
}

in_nss() {
	has tstclnt || return 0
	local version minor
	version=$(within dpkg-query -W -f '${source:Upstream-Version}' libnss3)
	rm -rf "$scratch/nss" && mkdir "$scratch/nss"
	within certutil -N -d sql:/mnt/scratch/nss --empty-password
	client_is "nss-$version" nss - "$version" "NSS $version" "$(origin_of libnss3-tools)" || return 0
	measure default "tstclnt" chroot "$root" tstclnt -d sql:/mnt/scratch/nss -o -h "$dynamodb" -p 443
	for minor in 0 1 2 3; do
		measure "tls1$minor" "tstclnt -V tls1.$minor:tls1.$minor" chroot "$root" tstclnt -d sql:/mnt/scratch/nss -o -h "$dynamodb" -p 443 \
			-V "tls1.$minor:tls1.$minor"
	done
}
