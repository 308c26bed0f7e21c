# shellcheck shell=bash disable=SC2034,SC2154 # variables are shared with record, its library and the groups
# What the groups of clients have in common.

readonly endpoint=https://$dynamodb/

declare -A label=([default]=default [ssl30]=SSLv3 [tls10]=TLSv1 [tls11]=TLSv1.1 [tls12]=TLSv1.2 [tls13]=TLSv1.3)

# plain COMMAND... runs it as a new user would have it: without this machine's
# environment, and with the system's own configuration of OpenSSL.
plain=(env -i HOME=/tmp PATH="$PATH" LANG=C.UTF-8)

# client_is STEM LIBRARY PROGRAM VERSION TLS_LIBRARY ORIGIN describes the client
# that the next calls of measure run. LIBRARY and PROGRAM are IDs as
# classify.Software has them; "-" where there is none.
client_is() {
	stem=$1 library=$2 program=$3 program_version=$4 tls_library=$5 origin=$6
	[[ -n $program_version && -n $tls_library && -n $origin ]] || {
		echo "left out $stem: it does not say which version it is ($program_version, $tls_library, $origin)" >&2
		return 1
	}
}

# measure FORCED[-VARIANT] HOW COMMAND... runs the client once and keeps the
# first handshake it makes. FORCED is a key of label. What the client does after
# the server's hello is of no interest, and neither is its exit status; a client
# that sends no hello is left out with the last line it wrote.
measure() {
	local forced=${1%%-*} file=$stem-$1.pcap how=$2 witnessed
	rm -f "$capture_file" "$logs/tcpdump" # which says when it listens
	capture tcp port 443
	attempt "${plain[@]}" "${@:3}" || true
	stop_capture
	if ! witnessed=$(python3 "$here/witness.py" "$capture_file" "$here/captures/$file" "${label[$forced]}" 2>"$logs/witness"); then
		echo "left out ${file%.pcap}: $(tail -n 1 "$logs/witness"); client: $(tail -n 1 "$logs/client" | cut -c1-200)" >&2
		return 0
	fi
	row "$file" "$library" "$program" "$program_version" "$tls_library" "${label[$forced]}" "$witnessed" "$origin" "$how"
	echo "recorded ${file%.pcap}"
}

# pretend starts the endpoint that every client of a group talks to.
pretend() {
	serve server env PYTHONUNBUFFERED=1 python3 "$here/peers/server.py" "$server4" 443
	listening 443
}

# row FIELD... puts a line into clients.tsv in place of the one with that file.
# Two recordings at a time take turns.
row() {
	local table=$here/clients.tsv line
	line=$(IFS=$'\t' && echo "$*")
	exec {turn}<"$here/captures"
	flock "$turn"
	{
		echo $'capture\tlibrary\tprogram\tversion\ttls_library\tforced\tja3\toffered\tselected\torigin\thow'
		{
			[[ ! -e $table ]] || awk -F'\t' -v file="$1" 'NR > 1 && $1 != file' "$table"
			echo "$line"
		} | sort -t$'\t' -k1,1V
	} >"$work/clients.tsv"
	cp "$work/clients.tsv" "$table"
	exec {turn}<&-
}

# old_openssl COMMAND... lets Debian's OpenSSL speak TLS 1.0 and 1.1, as an
# administrator would.
readonly old_openssl=(env "OPENSSL_CONF=${work:-}/openssl.cnf")

# package NAME prints where a package of this machine's Debian comes from.
package() {
	dpkg-query -W -f "Debian $(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release) package \${Package} \${Version}" "$1" 2>/dev/null
}
