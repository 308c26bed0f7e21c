"""Write what a capture is known to hold, as one line of truth.jsonl.

  witness.py NAME CAPTURE FACTS HOLDS

NAME is what the capture is called in testdata. FACTS is what the recorded programs said of each flow (see flow in
lib/facts.bash). tshark, which had no part in the recording, reads the capture
and has to say the same: the first witness is a program at an end of the
connection, the second one stood beside it. Where they differ this fails.
"""
import json
import subprocess
import sys

VERSIONS = {
    0x0002: "SSLv2", 0x0300: "SSLv3", 0x0301: "TLSv1", 0x0302: "TLSv1.1", 0x0303: "TLSv1.2", 0x0304: "TLSv1.3",
    0xfeff: "DTLSv1", 0xfefd: "DTLSv1.2", 0xfefc: "DTLSv1.3",
}
# DTLS has the rank of the TLS that it is made of; its numbers fall.
RANK = {name: 0x10201 - number if number > 0xfe00 else number for number, name in VERSIONS.items()}
ALERTS = {
    40: "handshake_failure", 42: "bad_certificate", 47: "illegal_parameter", 50: "decode_error", 70: "protocol_version",
    71: "insufficient_security", 80: "internal_error", 86: "inappropriate_fallback", 112: "unrecognized_name",
    116: "certificate_required", 120: "no_application_protocol",
}
HELLO_RETRY_REQUEST = "cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c"
CLIENT_HELLO, SERVER_HELLO, HELLO_VERIFY, CERTIFICATE = "1", "2", "3", "11"

OF_TLS = [
    "handshake.type", "handshake.version", "handshake.extensions.supported_version", "handshake.extensions_server_name",
    "handshake.random", "alert_message.desc", "handshake.extensions.psk.identity.selected",
]
FIELDS = [
    "frame.protocols", "tcp.stream", "ip.src", "ipv6.src", "tcp.srcport", "ip.dst", "ipv6.dst", "tcp.dstport",
    "udp.stream", "udp.srcport", "udp.dstport", *["tls." + name for name in OF_TLS], *["dtls." + name for name in OF_TLS],
    "x509ce.dNSName",
    "quic.version", "quic.long.packet_type", "quic.long.packet_type_v2", "quic.cc.error_code.tls_alert",
]
OPTIONS = [
    "-o", "tcp.reassemble_out_of_order:TRUE", "-o", "tcp.desegment_tcp_streams:TRUE", "-d", "udp.port==8472,vxlan",
    "-d", "udp.port==4433,dtls", "-d", "udp.port==4434,dtls",
]


HELLOS = "tls.handshake.type in {1, 2, 11} || tls.alert_message.desc || dtls.handshake.type in {1, 2, 3, 11} || dtls.alert_message.desc" + (
    " || quic.version == 0 || quic.long.packet_type == 3 || quic.long.packet_type_v2 == 0 || quic.cc.error_code.tls_alert")
QUIC_VERSIONS = {1: "v1", 0x6b3343cf: "v2", 0x709a50c4: "v2"}
OPENINGS = "tcp.flags.syn == 1 && tcp.flags.ack == 0"


def dissect(capture, which):
    """The frames that a display filter lets through, as dicts of lists."""
    command = ["tshark", "-n", "-2", "-r", capture, *OPTIONS, "-T", "fields", "-E", "separator=/t", "-Y", which]
    for field in FIELDS:
        command += ["-e", field]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    for line in lines:
        frame = {name: value.split(",") if value else [] for name, value in zip(FIELDS, line.split("\t"))}
        protocols = frame["frame.protocols"][0]
        frame["over"] = "udp" if "dtls" in protocols or "quic" in protocols else "tcp"
        if "dtls" in protocols:
            frame.update({"tls." + name: frame["dtls." + name] for name in OF_TLS})
        yield frame


def address(frame, side):
    """The innermost address and port of a frame."""
    layers = frame["frame.protocols"][0].split(":")
    innermost = [layer for layer in layers if layer in ("ip", "ipv6")][-1]
    return frame[innermost + "." + side][-1], int(frame["%s.%sport" % (frame["over"], side)][-1])


def number(text):
    return int(text, 0)


def grease(version):
    return version & 0x0f0f == 0x0a0a and version >> 8 == version & 0xff


def witnessed(capture):
    """What tshark makes of each flow with a hello, in their order."""
    flows, packets = {}, {}
    for frame in dissect(capture, HELLOS):
        stream = frame["over"] + frame[frame["over"] + ".stream"][-1]
        types = frame["tls.handshake.type"]
        if frame["quic.version"]:
            quic(packets.setdefault(stream, {}), frame)
        if stream not in flows:
            # Of a hello in fragments, tshark shows the fields where the last one comes.
            if CLIENT_HELLO in types and frame["tls.handshake.version"]:
                flows[stream] = client_hello(frame)
            elif SERVER_HELLO in types:
                flows[stream] = {"src": address(frame, "dst"), "dst": address(frame, "src")}
        if stream not in flows:
            continue
        flow = flows[stream]
        if SERVER_HELLO in types and frame["tls.handshake.version"]:
            server_hello(flow, frame)
        if HELLO_VERIFY in types:
            flow["hello_verify"] = True
        # Of one in fragments of DTLS, tshark shows the names where the last one comes.
        if CERTIFICATE in types and address(frame, "src") == flow["dst"] and (frame["over"] == "tcp" or frame["x509ce.dNSName"]):
            flow["certificate"], flow["names"] = True, frame["x509ce.dNSName"]
        if frame["tls.alert_message.desc"]:
            alert(flow, frame)
    for stream, flow in flows.items():
        flow.update(packets.get(stream, {}))
    return flows.values()


def opened(capture):
    """The ends of each connection, for flows whose hellos tshark does not see."""
    for frame in dissect(capture, OPENINGS):
        yield {"src": address(frame, "src"), "dst": address(frame, "dst")}


def client_hello(frame):
    flow = {"src": address(frame, "src"), "dst": address(frame, "dst")}
    if frame["tls.handshake.extensions_server_name"]:
        flow["sni"] = frame["tls.handshake.extensions_server_name"][0]
    offered = [number(v) for v in frame["tls.handshake.extensions.supported_version"]]
    offered = [v for v in offered if not grease(v)]
    flow["versions"] = [VERSIONS[v] for v in offered]
    offered = [VERSIONS[v] for v in offered or [number(frame["tls.handshake.version"][0])]]
    flow["max"] = max(offered, key=RANK.get)
    return flow


def quic(flow, frame):
    """What the packets of QUIC show. A server's version counts."""
    versions = [number(v) for v in frame["quic.version"]]
    if 0 in versions:
        flow["version_negotiation"] = True
        return
    flow["quic"] = QUIC_VERSIONS.get(versions[0], frame["quic.version"][0])
    if "3" in frame["quic.long.packet_type"] or "0" in frame["quic.long.packet_type_v2"] and flow["quic"] == "v2":
        flow["retry"] = True
    if frame["quic.cc.error_code.tls_alert"]:
        frame["tls.alert_message.desc"] = frame["quic.cc.error_code.tls_alert"]


def alert(flow, frame):
    """The first of the flow, or the server's, when both sent one."""
    sender = "client" if address(frame, "src") == flow["src"] else "server"
    if "alert" not in flow or (flow["alert_from"], sender) == ("client", "server"):
        code = number(frame["tls.alert_message.desc"][0])
        flow["alert"], flow["alert_from"] = ALERTS.get(code, str(code)), sender


def server_hello(flow, frame):
    if HELLO_RETRY_REQUEST in frame["tls.handshake.random"]:
        flow["hello_retry_request"] = True
        return
    chosen = frame["tls.handshake.extensions.supported_version"] or frame["tls.handshake.version"]
    flow["selected"] = VERSIONS[number(chosen[-1])]
    flow["psk"] = bool(frame["tls.handshake.extensions.psk.identity.selected"])


def read_facts(name):
    with open(name, encoding="utf-8") as lines:
        for line in lines:
            yield dict(pair.split("=", 1) for pair in line.rstrip("\n").split("\t"))


MARKS = ("hello_verify", "retry", "version_negotiation")


def disagreements(said, seen):
    for key in ("sni", "max", "selected", "alert", "alert_from", "quic"):
        if key in ("alert", "alert_from", "max") and key not in said:
            continue
        if said.get(key) != seen.get(key):
            yield "%s: the programs say %r, tshark says %r" % (key, said.get(key), seen.get(key))
    for key in MARKS:
        if (said.get(key) == "true") != seen.get(key, False):
            yield "%s: the programs say %r, tshark says %r" % (key, said.get(key), seen.get(key))
    # A resumed handshake has no certificate; TLSv1.3 hides that, but says PSK.
    if "resumed" in said and seen.get("certificate") or seen.get("psk", False) != (said.get("resumed") == "psk"):
        yield "resumed: the programs say %r, tshark does not" % said.get("resumed")


def covers(pattern, name):
    """RFC 9525, 6.3: a wildcard stands for one label."""
    pattern, name = pattern.lower().rstrip("."), name.lower().rstrip(".")
    return pattern == name or pattern.startswith("*.") and name.partition(".")[2] == pattern[2:]


def in_scope(host):
    host = host.lower().rstrip(".")
    return any(("." + host).endswith(suffix) for suffix in (".amazonaws.com", ".amazonaws.com.cn"))


def verdict(flow):
    """DESIGN: by the versions alone, with TLSv1.2 as the floor."""
    floor = RANK["TLSv1.2"]
    if "selected" in flow:
        if RANK[flow["selected"]] < floor:
            return "violation"
        return "exposed" if any(RANK[v] < floor for v in flow.get("versions", [])) else "ok"
    return "attempt" if RANK[flow["max"]] < floor else "undetermined"


def truth(said, seen, witnesses):
    """One flow of truth.jsonl, in the names of an event where there is one."""
    flow = {}
    (flow["src_ip"], flow["src_port"]), (flow["dst_ip"], flow["dst_port"]) = seen["src"], seen["dst"]
    for key in ("max", "versions", "hello_retry_request"):
        if seen.get(key):
            said.setdefault(key, seen[key])
    if "sni" in said:
        said.setdefault("host", said["sni"])
        said.setdefault("host_source", "sni")
    if "sni" in said and "names" in seen and not any(covers(name, said["sni"]) for name in seen["names"]):
        said["misnamed"] = True
    said["verdict"] = verdict(said)
    said["flagged"] = said["verdict"] in ("violation", "attempt") and in_scope(said.get("host", ""))
    said["witnesses"] = witnesses
    if "tunnels" in said:
        said["tunnels"] = said["tunnels"].split(",")
    said.update({key: True for key in MARKS if key in said})
    if "vlan" in said:
        said["vlan"] = [int(tag) for tag in said["vlan"].split(",")]
    return {**flow, **said}


def main(name, capture, facts, holds):
    said = list(read_facts(facts))
    visible = all([flow.pop("witness", "yes") == "yes" for flow in said])
    seen = list(witnessed(capture) if visible else opened(capture))
    if len(said) != len(seen):
        sys.exit("%s: the programs made %d flows, tshark sees %d: %s" % (name, len(said), len(seen), seen))
    flows = []
    for flow, other in zip(said, seen):
        for difference in disagreements(flow, other) if visible else ():
            sys.exit("%s: %s" % (name, difference))
        flows.append(truth(flow, other, ["programs", "tshark"] if visible else ["programs"]))
    print(json.dumps({"capture": name, "holds": holds, "flows": flows}))


main(*sys.argv[1:])
