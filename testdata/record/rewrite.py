"""Make a capture of another one: wrapped in a tunnel, cut, or in another format.

  rewrite.py OUT IN OPERATION...
  rewrite.py OUT IN+IN              the frames of both in turn

For what no program and no device of the kernel makes here. IN is a pcap of
Ethernet frames in this machine's byte order. Operations, from the inside out:

  vlan:ID dot1ad:ID mpls:LABEL pppoe:SESSION cmd:TAG vntag:VIF etag:ECID ttag
  arista macsec nsh:PATH                                    behind the addresses
  gre gre:KEY ipip 4in6 6in4 teredo gtpu:TEID lisp:INSTANCE gre-udp:KEY
  mpls-udp:LABEL gpe-nsh:VNI                                the IP packet
  nvgre:VSID erspan1 erspan2:SESSION erspan3:SESSION vxlan:VNI geneve:VNI tzsp
  fabricpath trill vxlan-reserved:VNI geneve-reserved:VNI   the frame
  fragment:BYTES     IP fragments with at most so many bytes of payload
  swap               two segments that one side sent in a row change places
  twice              every segment is sent again
  client-port:PORT   the client's port becomes PORT
  null loop raw      another header than Ethernet's
  big-endian         a pcap of the other byte order
  pcapng-big-endian  a pcapng of the other byte order
  cut-short          the last packet's record is not whole
"""
import struct
import sys

OUTER4 = bytes([198, 51, 100, 1]), bytes([198, 51, 100, 2])
OUTER6 = (bytes.fromhex("20010db8ffff00000000000000000001"), bytes.fromhex("20010db8ffff00000000000000000002"))
OUTER_MACS = bytes.fromhex("020000000002020000000001")
IPV4, IPV6, ARP = 0x0800, 0x86dd, 0x0806
TCP, UDP, GRE, FRAGMENT = 6, 17, 47, 44
ETHERNET, NULL, LOOP, RAW = 1, 0, 108, 101


def read(name):
    """The (seconds, microseconds, frame) of a capture."""
    with open(name, "rb") as file:
        data = file.read()
    magic, link = struct.unpack_from("=I16xI", data)
    if magic != 0xa1b2c3d4 or link != ETHERNET:
        sys.exit("%s: not a pcap of Ethernet frames in this byte order" % name)
    at, packets = 24, []
    while at < len(data):
        seconds, micros, length = struct.unpack_from("=III", data, at)
        packets.append((seconds, micros, data[at + 16:at + 16 + length]))
        at += 16 + length
    return packets


def write(name, packets, link=ETHERNET, order="="):
    with open(name, "wb") as out:
        out.write(struct.pack(order + "IHHIIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, link))
        for seconds, micros, frame in packets:
            out.write(struct.pack(order + "IIII", seconds, micros, len(frame), len(frame)) + frame)


def write_pcapng(name, packets, order):
    def block(kind, body):
        body += bytes(-len(body) % 4)
        return struct.pack(order + "II", kind, len(body) + 12) + body + struct.pack(order + "I", len(body) + 12)

    with open(name, "wb") as out:
        out.write(block(0x0a0d0d0a, struct.pack(order + "IHHq", 0x1a2b3c4d, 1, 0, -1)))
        out.write(block(1, struct.pack(order + "HHI", ETHERNET, 0, 262144)))
        for seconds, micros, frame in packets:
            ticks = seconds * 1000000 + micros
            out.write(block(6, struct.pack(order + "IIIII", 0, ticks >> 32, ticks & 0xffffffff, len(frame), len(frame)) + frame))


def checksum(data):
    data += bytes(len(data) % 2)
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return total ^ 0xffff


def ip4(protocol, payload, flags=0x4000, ends=OUTER4, ident=1):
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), ident, flags, 64, protocol, 0) + ends[0] + ends[1]
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + payload


def ip6(protocol, payload, ends=OUTER6):
    return struct.pack("!IHBB", 6 << 28, len(payload), protocol, 64) + ends[0] + ends[1] + payload


def udp(port, payload):
    return struct.pack("!HHHH", 49152, port, 8 + len(payload), 0) + payload


def ethernet(kind, payload):
    return OUTER_MACS + struct.pack("!H", kind) + payload


def kind_of(frame):
    return struct.unpack_from("!H", frame, 12)[0]


def number(text):
    return int(text, 0) if text else 0


# ---- one frame around another ----

def behind_addresses(tag):
    """An operation that puts a tag between the addresses and the type."""
    return lambda frame, value: frame[:12] + tag(value, frame[12:])


def mpls(label, rest):
    return b"\x88\x47" + struct.pack("!I", label << 12 | 1 << 8 | 64) + rest[2:]


def pppoe(session, rest):
    protocol = {IPV4: 0x0021, IPV6: 0x0057}[struct.unpack_from("!H", rest)[0]]
    return b"\x88\x64" + struct.pack("!BBHHH", 0x11, 0, session, len(rest), protocol) + rest[2:]


def cisco_metadata(tag, rest):
    """Version 1, length 1, one option: a security group tag."""
    return b"\x89\x09" + struct.pack("!BBHH", 1, 1, 1, tag) + rest


def vn_tag(vif, rest):
    return b"\x89\x26" + struct.pack("!I", vif & 0xfff) + rest


def e_tag(ecid, rest):
    return b"\x89\x3f" + struct.pack("!HHH", 0, ecid & 0xfff, 0) + rest


def ttag(rest):
    return b"\x89\x88" + bytes(6) + rest


def arista(rest):
    """Subtype 1, TAI in 64 bits."""
    return b"\xd2\x8b" + struct.pack("!HHQ", 1, 0x0010, 0x6600000000000001) + rest


def macsec(rest):
    """With a channel, and not encrypted: the check value is all there is to it."""
    short = len(rest) if len(rest) < 48 else 0
    return b"\x88\xe5" + struct.pack("!BBIQ", 0x20, short, 1, 0x0200000000010001) + rest + bytes(16)


def nsh_header(kind, path):
    """Version 0, TTL 63, two words, metadata of type 2."""
    return struct.pack("!HBBI", 0x0fc2, 2, {IPV4: 1, IPV6: 2}[kind], path << 8 | 255)


def nsh(path, rest):
    return b"\x89\x4f" + nsh_header(struct.unpack_from("!H", rest)[0], path) + rest[2:]


def gre(flags, kind, fields, payload):
    return ethernet(IPV4, ip4(GRE, struct.pack("!HH", flags, kind) + fields + payload))


def gre_packet(frame, value):
    if value == "":
        return gre(0, kind_of(frame), b"", frame[14:])
    return gre(0x2000, kind_of(frame), struct.pack("!I", number(value)), frame[14:])


def nvgre(frame, value):
    return gre(0x2000, 0x6558, struct.pack("!I", number(value) << 8), frame)


def erspan1(frame, _):
    return gre(0, 0x88be, b"", frame)


def erspan2(frame, value):
    return gre(0x1000, 0x88be, struct.pack("!IHHI", 1, 1 << 12, number(value), 0), frame)


def erspan3(frame, value):
    return gre(0x1000, 0x22eb, struct.pack("!IHHIHH", 1, 2 << 12, number(value), 0, 0, 0), frame)


def vxlan(frame, value):
    return ethernet(IPV4, ip4(UDP, udp(4789, struct.pack("!II", 1 << 27, number(value) << 8) + frame)))


def geneve(frame, value):
    """With one option of eight bytes, as AWS's load balancers put in front."""
    option = struct.pack("!HBBQ", 0x0108, 1, 2, 0x1122334455667788)
    header = struct.pack("!BBHI", len(option) // 4, 0, 0x6558, number(value) << 8)
    return ethernet(IPV4, ip4(UDP, udp(6081, header + option + frame)))


def vxlan_reserved(frame, value):
    """Every reserved bit is set."""
    return ethernet(IPV4, ip4(UDP, udp(4789, struct.pack("!II", 0x7bffffff, number(value) << 8 | 0xff) + frame)))


def geneve_reserved(frame, value):
    header = struct.pack("!BBHI", 0, 0x3f, 0x6558, number(value) << 8 | 0xff)
    return ethernet(IPV4, ip4(UDP, udp(6081, header + frame)))


def vxlan_gpe_nsh(frame, value):
    header = struct.pack("!II", 0x0c000004, number(value) << 8) + nsh_header(kind_of(frame), 5)
    return ethernet(IPV4, ip4(UDP, udp(4790, header + frame[14:])))


def lisp(frame, value):
    return ethernet(IPV4, ip4(UDP, udp(4341, struct.pack("!II", 0x88000001, number(value) << 8) + frame[14:])))


def gre_in_udp(frame, value):
    return ethernet(IPV4, ip4(UDP, udp(4754, struct.pack("!HHI", 0x2000, kind_of(frame), number(value)) + frame[14:])))


def mpls_in_udp(frame, value):
    return ethernet(IPV4, ip4(UDP, udp(6635, struct.pack("!I", number(value) << 12 | 1 << 8 | 64) + frame[14:])))


def tzsp(frame, _):
    """As MikroTik: Ethernet, and no tag but the end."""
    return ethernet(IPV4, ip4(UDP, udp(37008, struct.pack("!BBHB", 1, 0, 1, 1) + frame)))


def fabric_path(frame, _):
    """With a frame check sequence, as tshark expects of it."""
    return ethernet(0x8903, struct.pack("!H", 1 << 6 | 32) + frame + bytes(4))


def trill(frame, _):
    return ethernet(0x22f3, struct.pack("!HHH", 10, 1, 2) + frame)


def gtpu(frame, value):
    packet = frame[14:]
    return ethernet(IPV4, ip4(UDP, udp(2152, struct.pack("!BBHI", 0x30, 255, len(packet), number(value)) + packet)))


def teredo(frame, _):
    return ethernet(IPV4, ip4(UDP, udp(3544, frame[14:])))


def ip_in_ip(frame, _):
    return ethernet(IPV4, ip4({IPV4: 4, IPV6: 41}[kind_of(frame)], frame[14:]))


def ip_in_ip6(frame, _):
    return ethernet(IPV6, ip6({IPV4: 4, IPV6: 41}[kind_of(frame)], frame[14:]))


WRAPS = {
    "vlan": behind_addresses(lambda value, rest: struct.pack("!HH", 0x8100, number(value)) + rest),
    "dot1ad": behind_addresses(lambda value, rest: struct.pack("!HH", 0x88a8, number(value)) + rest),
    "mpls": behind_addresses(lambda value, rest: mpls(number(value), rest)),
    "pppoe": behind_addresses(lambda value, rest: pppoe(number(value), rest)),
    "cmd": behind_addresses(lambda value, rest: cisco_metadata(number(value), rest)),
    "vntag": behind_addresses(lambda value, rest: vn_tag(number(value), rest)),
    "etag": behind_addresses(lambda value, rest: e_tag(number(value), rest)),
    "ttag": behind_addresses(lambda _, rest: ttag(rest)),
    "arista": behind_addresses(lambda _, rest: arista(rest)),
    "macsec": behind_addresses(lambda _, rest: macsec(rest)),
    "nsh": behind_addresses(lambda value, rest: nsh(number(value), rest)),
    "vxlan-reserved": vxlan_reserved, "geneve-reserved": geneve_reserved, "gpe-nsh": vxlan_gpe_nsh,
    "lisp": lisp, "gre-udp": gre_in_udp, "mpls-udp": mpls_in_udp, "tzsp": tzsp, "fabricpath": fabric_path, "trill": trill,
    "gre": gre_packet, "nvgre": nvgre, "erspan1": erspan1, "erspan2": erspan2, "erspan3": erspan3,
    "vxlan": vxlan, "geneve": geneve, "gtpu": gtpu, "teredo": teredo,
    "ipip": ip_in_ip, "6in4": ip_in_ip, "4in6": ip_in_ip6,
}


# ---- many frames of many ----

def data_of(frame):
    """The addresses and ports of a segment with data, else None."""
    kind, ip = kind_of(frame), frame[14:]
    if kind == IPV4 and ip[9] == TCP:
        ends, at, length = ip[12:20], ip[0] % 16 * 4, struct.unpack_from("!H", ip, 2)[0]
    elif kind == IPV6 and ip[6] == TCP:
        ends, at, length = ip[8:40], 40, 40 + struct.unpack_from("!H", ip, 4)[0]
    else:
        return None
    has_data = length > at + (ip[at + 12] >> 4) * 4
    return ends + ip[at:at + 4] if has_data else None


def swap(packets, _):
    frames = [frame for _, _, frame in packets]
    at = 0
    while at + 1 < len(frames):
        sender = data_of(frames[at])
        if sender and sender == data_of(frames[at + 1]):
            frames[at], frames[at + 1] = frames[at + 1], frames[at]
            at += 1
        at += 1
    return [(seconds, micros, frame) for (seconds, micros, _), frame in zip(packets, frames)]


def twice(packets, _):
    return [packet for packet in packets for _ in range(2 if data_of(packet[2]) else 1)]


def fragment4(frame, size):
    ip = frame[14:]
    start, length, ident = ip[0] % 16 * 4, struct.unpack_from("!H", ip, 2)[0], struct.unpack_from("!H", ip, 4)[0]
    body = ip[start:length]
    for at in range(0, len(body), size):
        more = 0x2000 if at + size < len(body) else 0
        yield frame[:14] + ip4(ip[9], body[at:at + size], more | at // 8, (ip[12:16], ip[16:20]), ident)


def fragment6(frame, size, ident):
    ip = frame[14:]
    body = ip[40:40 + struct.unpack_from("!H", ip, 4)[0]]
    for at in range(0, len(body), size):
        more = 1 if at + size < len(body) else 0
        header = struct.pack("!BBHI", ip[6], 0, at | more, ident)
        yield frame[:14] + ip6(FRAGMENT, header + body[at:at + size], (ip[8:24], ip[24:40]))


def fragment(packets, value):
    size = number(value) // 8 * 8
    out = []
    for ident, (seconds, micros, frame) in enumerate(packets):
        pieces = [frame]
        if data_of(frame):
            pieces = fragment4(frame, size) if kind_of(frame) == IPV4 else fragment6(frame, size, ident)
        out += [(seconds, micros, piece) for piece in pieces]
    return out


def client_port(packets, value):
    """Of IPv4 flows to port 443; the checksum follows (RFC 1624)."""
    out = []
    for seconds, micros, frame in packets:
        if kind_of(frame) == IPV4 and frame[23] == TCP:
            tcp = 14 + frame[14] % 16 * 4
            from_server = struct.unpack_from("!H", frame, tcp)[0] == 443
            frame = replace_port(frame, tcp + 2 * from_server, tcp + 16, number(value))
        out.append((seconds, micros, frame))
    return out


def replace_port(frame, at, sum_at, port):
    old, total = struct.unpack_from("!H", frame, at)[0], struct.unpack_from("!H", frame, sum_at)[0]
    new = (total ^ 0xffff) + (old ^ 0xffff) + port
    while new >> 16:
        new = (new & 0xffff) + (new >> 16)
    changed = bytearray(frame)
    struct.pack_into("!H", changed, at, port)
    struct.pack_into("!H", changed, sum_at, new ^ 0xffff)
    return bytes(changed)


REORDERS = {"swap": swap, "twice": twice, "fragment": fragment, "client-port": client_port}

# ---- files ----

FAMILY = {IPV4: 2, IPV6: 30}  # macOS's AF_INET6


def headless(packets, header):
    return [(s, m, header(kind_of(frame)) + frame[14:]) for s, m, frame in packets if kind_of(frame) in FAMILY]


def cut_short(name, packets):
    write(name, packets)
    with open(name, "r+b") as file:
        file.truncate(file.seek(0, 2) - 20)


OTHER = ">" if sys.byteorder == "little" else "<"
FORMATS = {
    "null": lambda name, packets: write(name, headless(packets, lambda kind: struct.pack("=I", FAMILY[kind])), NULL),
    "loop": lambda name, packets: write(name, headless(packets, lambda kind: struct.pack("!I", FAMILY[kind])), LOOP),
    "raw": lambda name, packets: write(name, headless(packets, lambda kind: b""), RAW),
    "big-endian": lambda name, packets: write(name, packets, order=OTHER),
    "pcapng-big-endian": lambda name, packets: write_pcapng(name, packets, OTHER),
    "cut-short": cut_short,
}


def in_turn(captures):
    packets = []
    for rank in range(max(map(len, captures))):
        packets += [capture[rank] for capture in captures if rank < len(capture)]
    # One clock: the first capture's.
    times = sorted((s, m) for s, m, _ in packets)
    return [(s, m, frame) for (s, m), (_, _, frame) in zip(times, packets)]


def main(out, sources, *operations):
    captures = [read(name) for name in sources.split("+")]
    packets = captures[0] if len(captures) == 1 else in_turn(captures)
    save = write
    for operation in operations:
        name, _, value = operation.partition(":")
        if name in WRAPS:
            packets = [(s, m, WRAPS[name](frame, value)) for s, m, frame in packets if kind_of(frame) != ARP]
        elif name in REORDERS:
            packets = REORDERS[name](packets, value)
        else:
            save = FORMATS[name]
    save(out, packets)


main(*sys.argv[1:])
