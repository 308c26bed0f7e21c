# shellcheck shell=bash disable=SC2016,SC2154 # dpkg-query's own fields; variables come from lib.bash
# Java's JSSE.

group_java() {
	local home
	command -v javac >/dev/null || leave_out "javac is not installed"
	javac --release 8 -nowarn -d "$scratch" "$here/peers/Https.java" 2>"$logs/javac"
	printf 'jdk.tls.disabledAlgorithms=\njdk.disabled.namedCurves=\n' >"$scratch/java.security"
	for home in /usr/lib/jvm/*/ "$cache"/java/*/ "$cache"/debian/*/usr/lib/jvm/*/; do
		[[ -L ${home%/} || ! -x $home/bin/java ]] || measure_java "${home%/}"
	done
}

measure_java() { # HOME
	local version library forced here_scratch=$scratch java_run=("$1/bin/java")
	case $1 in */debian/*)
		enter_debian "$(echo "${1#"$cache"/debian/}" | cut -d/ -f1)"
		here_scratch=/mnt/scratch java_run=(chroot "$root" "${1#"$root"}/bin/java")
		;;
	esac
	local undisabled=("-Djava.security.properties=$here_scratch/java.security")
	java_run+=(-cp "$here_scratch")
	version=$("${java_run[@]}" -version 2>&1 | sed -n '1s/.*"\(.*\)".*/\1/p')
	library=java-11
	[[ $version != 1.8.* ]] || library=java-8
	client_is "java-$version" "$library" java "$version" "JSSE of $("${java_run[@]}" -version 2>&1 | sed -n '2s/ *(build.*//p') $version" \
		"$(java_origin "$1")" || return 0
	java_row default "HttpsURLConnection" -Dwith=https
	java_row default-socket "SSLSocket, as Apache's HttpClient opens it" -Dwith=socket
	java_row default-open "HttpsURLConnection, nothing disabled, https.protocols all" -Dhttps.protocols=TLSv1,TLSv1.1,TLSv1.2,TLSv1.3 "${undisabled[@]}"
	for forced in tls10 tls11 tls12 tls13; do
		java_row "$forced" "HttpsURLConnection, -Dhttps.protocols, nothing disabled" "-Dhttps.protocols=${label[$forced]}" "${undisabled[@]}"
		java_row "$forced-enabled" "HttpsURLConnection, -Dhttps.protocols" "-Dhttps.protocols=${label[$forced]}"
	done
}

# java_row FORCED[-VARIANT] HOW OPTION...
java_row() {
	case $1 in tls1[01]-enabled) return 0 ;; esac
	measure "$1" "$2" "${java_run[@]}" "${@:3}" Https "$endpoint"
}

java_origin() { # HOME
	case $1 in
	*/debian/*) echo "Debian $release package $(chroot "$root" dpkg-query -W -f '${Package} ${Version}\n' 'openjdk-*-jre-headless' | awk 'NF == 2')" ;;
	*/temurin*) sed -n 's/^IMPLEMENTOR_VERSION="\(.*\)"/Eclipse \1/p' "$1/release" ;;
	*) package "$(dpkg-query -S "$1/lib/libjava.so" 2>/dev/null | cut -d: -f1)" ;;
	esac
}
