# shellcheck shell=bash disable=SC2034,SC2154 # variables are shared with record and lib
# Captures in the formats that files come in, and captures that lack something.

# sample makes two connections: one that is flagged and one that is not.
sample() {
	s_client "$dynamodb" -tls1
	openssl_flow max=TLSv1 sni="$dynamodb"
	s_client "$dynamodb" -tls1_3
	openssl_flow max=TLSv1.3 sni="$dynamodb"
}

captured() { # TCPDUMP ARGUMENT...
	present "$dynamodb"
	s_server
	capture "$@"
	sample
}
scenario file-nano pcap "A pcap with nanoseconds" captured --time-stamp-precision=nano
scenario file-sll pcap "Link type LINUX_SLL, of all interfaces" captured -i any -y LINUX_SLL
scenario file-sll2 pcap "Link type LINUX_SLL2, of all interfaces" captured -i any -y LINUX_SLL2

# Two interfaces in one file, with a connection on each.
record_pcapng() {
	needs dumpcap
	present "$dynamodb"
	s_server
	openssl s_server -accept '[::1]:8443' -cert "$CERT" -key "$KEY" -rev >"$logs/loopback" 2>&1 </dev/null &
	awaits "port 8443" eval "ss -Hltn 'sport = :8443' | grep -q ."
	capture_with dumpcap -q -i eth0 -i lo -w "$capture_file"
	awaits dumpcap grep -q '^File: ' "$logs/capturer"
	sample
	target='[::1]:8443' s_client "$dynamodb" -tls1_1
	openssl_flow max=TLSv1.1 sni="$dynamodb"
}
scenario file-pcapng pcapng "A pcapng with two interfaces" record_pcapng

# dumpcap begins a new file every few packets, as those who capture for weeks
# do; a flow crosses them.
record_ring() {
	needs dumpcap mergecap
	present "$dynamodb"
	s_server
	mkdir "$capture_file"
	capture_with dumpcap -q -i eth0 -b packets:6 -w "$capture_file/ring.pcapng"
	awaits dumpcap grep -q '^File: ' "$logs/capturer"
	sample
	stop_capture
	witnessed_file=$scratch/merged
	mergecap -w "$witnessed_file" "$capture_file"/*
}
scenario ring "" "A folder of files, a new one every six packets" record_ring

# compressed PROGRAM leaves the capture compressed by it.
compressed() {
	needs "$1"
	captured -i eth0
	stop_capture
	witnessed_file=$scratch/plain
	mv "$capture_file" "$witnessed_file"
	"$1" -c <"$witnessed_file" >"$capture_file"
}
scenario file-gzip pcap.gz "Compressed by gzip" compressed gzip
scenario file-zstd pcap.zst "Compressed by zstd" compressed zstd
scenario file-lz4 pcap.lz4 "Compressed by lz4" compressed lz4
scenario file-xz pcap.xz "Compressed by xz" compressed xz

wrap file-big-endian "$plain4" - big-endian
wrap file-null "$plain4" - null
wrap file-loop "$plain6" - loop
scenario file-pcapng-big-endian pcapng "$plain4, rewritten: pcapng-big-endian" rewritten "$plain4" - pcapng-big-endian

# The file ends inside the last packet: what came before it stands.
record_cut_short() {
	rewritten "$plain4" - cut-short
	witnessed_file=$testdata/captures/$plain4.pcap
}
scenario file-cut-short pcap "The last packet is cut off" record_cut_short

# One direction only, as an asymmetric route shows it.
client_only() {
	present "$dynamodb"
	s_server
	capture src host "$client4"
	s_client "$dynamodb" -tls1
	flow "$(openssl_client)" "$(openssl_server)" max=TLSv1 sni="$dynamodb"
}
scenario client-only pcap "The client's packets only: nothing says that the server agreed" client_only

server_only() {
	present "$dynamodb"
	s_server
	capture src host "$server4"
	s_client - -tls1
	# shellcheck disable=SC2046 # two KEY=VALUE
	flow $(said client) "$(openssl_client)" "$(openssl_server)" host="$dynamodb" host_source=certificate
}
scenario server-only pcap "The server's packets only, with a downgrade sentinel" server_only

# The capture began after the connection did.
no_syn() {
	present "$dynamodb"
	s_server
	capture 'tcp[tcpflags] & tcp-syn == 0'
	s_client "$dynamodb" -tls1
	openssl_flow max=TLSv1 sni="$dynamodb"
}
scenario no-syn pcap "Without the SYNs" no_syn
