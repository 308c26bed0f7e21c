"""Keep the first TLS handshake of a capture, to the server's hello, and say what tshark sees in it.

  witness.py RAW KEPT FORCED

KEPT becomes a pcap with the first connection that has a ClientHello, from its
SYN to the packet with the ServerHello or an alert. The output is three columns
of clients.tsv: the JA3, the versions offered and the version selected, all by
tshark. This fails when there is no ClientHello, and when FORCED is a version
that is not the highest one offered.
"""
import subprocess
import sys

VERSIONS = {0x0002: "SSLv2", 0x0300: "SSLv3", 0x0301: "TLSv1", 0x0302: "TLSv1.1", 0x0303: "TLSv1.2", 0x0304: "TLSv1.3"}
HELLO_RETRY_REQUEST = "cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c"
CLIENT_HELLO, SERVER_HELLO = "1", "2"
FIELDS = [
    "frame.number", "tcp.stream", "tcp.dstport", "tls.handshake.type", "tls.handshake.version",
    "tls.handshake.extensions.supported_version", "tls.handshake.random", "tls.alert_message.desc",
    "tls.handshake.ja3", "tls.record.version",
]


def frames(capture):
    command = ["tshark", "-n", "-2", "-r", capture, "-T", "fields", "-E", "separator=/t"]
    for field in FIELDS:
        command += ["-e", field]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    for line in lines:
        yield {name: value.split(",") if value else [] for name, value in zip(FIELDS, line.split("\t"))}


def first_handshake(capture):
    """The frames of the first connection with a ClientHello, its hello, and the server's."""
    seen = list(frames(capture))
    hello = next((frame for frame in seen if CLIENT_HELLO in frame["tls.handshake.type"]), None)
    if hello is None:
        sys.exit("no ClientHello")
    flow = [frame for frame in seen if frame["tcp.stream"] == hello["tcp.stream"]]
    for index, frame in enumerate(flow):
        if frame["tcp.dstport"] != ["443"] and ends(frame):
            return flow[:index + 1], hello, frame if SERVER_HELLO in frame["tls.handshake.type"] else None
    return flow, hello, None


def ends(frame):
    selected = SERVER_HELLO in frame["tls.handshake.type"] and frame["tls.handshake.random"][:1] != [HELLO_RETRY_REQUEST]
    return selected or bool(frame["tls.alert_message.desc"])


def versions(hello):
    """The versions that a hello names, the highest first, without GREASE."""
    if hello is None:
        return []
    listed = hello["tls.handshake.extensions.supported_version"] or hello["tls.handshake.version"][:1]
    numbers = sorted({int(number, 0) for number in listed}, reverse=True)
    return [VERSIONS[number] for number in numbers if number in VERSIONS]


def main():
    raw, kept, forced = sys.argv[1:]
    flow, client, server = first_handshake(raw)
    offered, selected = versions(client), versions(server)
    if forced != "default" and offered[:1] != [forced]:
        sys.exit("held to %s, but offers %s" % (forced, offered))
    numbers = [frame["frame.number"][0] for frame in flow]
    subprocess.run(["editcap", "-F", "pcap", "-r", raw, kept, *numbers], check=True)
    print("\t".join((client["tls.handshake.ja3"][0], " ".join(offered), " ".join(selected) or "-")))


main()
