# shellcheck shell=bash disable=SC2034,SC2154 # variables are shared with record and lib
# Connections inside something else.

# The kernel's own VXLAN devices, over the cable.
in_vxlan() { # VNI PORT
	needs_vxlan
	ip link add vx0 type vxlan id "$1" local "$client4" remote "$server4" dstport "$2" dev eth0
	ip -n server link add vx0 type vxlan id "$1" local "$server4" remote "$client4" dstport "$2" dev eth0
	ip address add 10.200.0.5/24 dev vx0
	ip -n server address add 10.200.0.10/24 dev vx0
	ip link set vx0 up
	ip -n server link set vx0 up
}
record_vxlan() { # VNI PORT
	in_vxlan "$@"
	present "$dynamodb"
	target=10.200.0.10:443
	s_server
	capture
	s_client "$dynamodb" -tls1
	openssl_flow max=TLSv1 sni="$dynamodb" tunnels="vxlan:$1"
}
needs_vxlan() {
	ip link add probe type vxlan id 1 remote "$server4" dstport 4789 dev eth0 2>/dev/null ||
		leave_out "this kernel has no VXLAN device"
	ip link delete probe
}
scenario vxlan-4789 pcap "VXLAN made by the kernel" record_vxlan 77 4789
scenario vxlan-8472 pcap "VXLAN made by the kernel, on the port it had before RFC 7348" record_vxlan 88 8472

# A tunnel of socat's: its interface has no link-layer header.
record_tun() {
	needs socat
	[[ -c /dev/net/tun ]] || leave_out "no /dev/net/tun"
	serve socat socat UDP-LISTEN:11443,bind="$server4" TUN:10.201.0.10/24,up
	awaits "socat" eval "ip netns exec server ss -Hlun 'sport = :11443' | grep -q ."
	socat UDP:"$server4":11443 TUN:10.201.0.5/24,up,tun-name=tun0 >"$logs/tunnel" 2>&1 </dev/null &
	awaits "the tunnel" eval "ip link show tun0 | grep -q LOWER_UP"
	# The listener learns of its peer by the first packet.
	ping -c 1 -W 1 10.201.0.10 >/dev/null 2>&1 || true
	present "$dynamodb"
	target=10.201.0.10:443
	s_server
	capture -i tun0
	s_client "$dynamodb" -tls1
	openssl_flow max=TLSv1 sni="$dynamodb"
}
scenario tun pcap "Link type RAW: IP packets from a tunnel's own interface" record_tun

# rewritten BASE FACT OPERATION... makes a capture of the recorded BASE, with
# the same flows and another fact about each ("-": none).
rewritten() {
	local base
	base=$testdata/captures/$(file_of "$1")
	[[ -e $base ]] || leave_out "$1 was not recorded"
	python3 "$here/rewrite.py" "$capture_file" "$base" "${@:3}"
	facts_of "$1" "$2"
}

# facts_of BASE FACT notes the flows of another capture again.
facts_of() {
	python3 - "$testdata/truth.jsonl" "$work/truth/$1.json" "$1" "${2#-}" >>"$scratch/facts" <<-'EOF'
		import json, os, sys
		truths, fresh, base, fact = sys.argv[1:]
		lines = open(fresh) if os.path.exists(fresh) else open(truths)
		truth = [line for line in map(json.loads, lines) if line["capture"].split(".")[0] == base][0]
		said = ("client", "server", "sni", "max", "selected", "cipher", "outcome", "alert", "alert_from", "resumed",
		        "starttls", "host", "host_source", "hello_verify", "protocol", "quic")
		for flow in truth["flows"]:
		    facts = [key + "=" + str(flow[key]).replace("True", "true") for key in said if key in flow]
		    print("\t".join(facts + [fact] if fact else facts))
	EOF
}

# wrap NAME BASE TUNNELS OPERATION...
wrap() { scenario "$1" pcap "$2, rewritten: ${*:4}" rewritten "$2" "$3" "${@:4}"; }

plain4=openssl-tls10-sni
plain6=openssl-ipv6
wrap wrapped-vlan $plain4 vlan=12 vlan:12
wrap wrapped-qinq $plain4 vlan=100,12 vlan:12 dot1ad:100
wrap wrapped-mpls $plain4 tunnels=mpls:1001 mpls:1001
wrap wrapped-pppoe $plain6 tunnels=pppoe:7 pppoe:7
wrap wrapped-cmd $plain4 tunnels=cmd cmd:5
wrap wrapped-gre $plain4 tunnels=gre gre
wrap wrapped-gre-key $plain6 tunnels=gre:5 gre:5
wrap wrapped-nvgre $plain4 tunnels=nvgre:6001 nvgre:6001
wrap wrapped-erspan1 $plain4 tunnels=erspan erspan1
wrap wrapped-erspan2 $plain4 tunnels=erspan:9 erspan2:9
wrap wrapped-erspan3 $plain4 tunnels=erspan:9 erspan3:9
wrap wrapped-ipip $plain4 tunnels=ipip ipip
wrap wrapped-4in6 $plain4 tunnels=ipip 4in6
wrap wrapped-6in4 $plain6 tunnels=6in4 6in4
wrap wrapped-teredo openssl-teredo-address tunnels=teredo teredo
wrap wrapped-geneve $plain4 tunnels=geneve:42 geneve:42
wrap wrapped-gtpu $plain4 tunnels=gtpu:99 gtpu:99
wrap wrapped-nested $plain4 tunnels=geneve:42,vxlan:77 vxlan:77 geneve:42
wrap wrapped-vxlan-reserved $plain4 tunnels=vxlan:77 vxlan-reserved:77
wrap wrapped-geneve-reserved $plain4 tunnels=geneve:42 geneve-reserved:42
wrap wrapped-gpe-nsh $plain6 tunnels=vxlan:77,nsh:5 gpe-nsh:77
wrap wrapped-nsh $plain4 tunnels=nsh:6 nsh:6
wrap wrapped-lisp $plain6 tunnels=lisp:12 lisp:12
wrap wrapped-gre-udp $plain4 tunnels=gre:5 gre-udp:5
wrap wrapped-mpls-udp $plain4 tunnels=mpls:1001 mpls-udp:1001
wrap wrapped-tzsp $plain4 tunnels=tzsp tzsp
wrap wrapped-vntag $plain4 tunnels=vntag:20 vntag:20
wrap wrapped-etag $plain4 tunnels=etag:700 etag:700
wrap wrapped-fabricpath $plain4 tunnels=fabricpath fabricpath
wrap wrapped-trill $plain4 tunnels=trill trill
wrap wrapped-arista $plain4 tunnels=arista arista
wrap wrapped-macsec $plain4 tunnels=macsec macsec
wrap wrapped-erspan-ttag $plain4 tunnels=erspan:9,ttag ttag erspan2:9
wrap fragments-of-8-ipv4 $plain4 - fragment:8
wrap fragments-of-8-ipv6 $plain6 - fragment:8
wrap fragments-ipv4 $plain4 - fragment:64
wrap fragments-ipv6 $plain6 - fragment:64
wrap segments-swapped go-postquantum - swap
wrap segments-twice $plain4 - twice

# Two networks behind mirrors, with the same addresses and ports in both.
record_mirrors() {
	local name vni=77
	for name in openssl-tls10-sni openssl-tls13-sni; do
		[[ -e $testdata/captures/$name.pcap ]] || leave_out "$name was not recorded"
		python3 "$here/rewrite.py" "$scratch/$vni" "$testdata/captures/$name.pcap" client-port:40000 "vxlan:$vni"
		facts_of "$name" "witness=no"
		sed -i "\$s/\$/\ttunnels=vxlan:$vni/" "$scratch/facts"
		vni=$((vni + 11))
	done
	python3 "$here/rewrite.py" "$capture_file" "$scratch/77+$scratch/88"
}
scenario mirrored-twice pcap "Two mirrored networks with the same addresses and ports, told apart by their VNIs 77 and 88" record_mirrors
