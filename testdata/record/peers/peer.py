"""The Python end of the recorded connections.

  peer.py client ADDRESS PORT MIN MAX NAME    NAME "-": send no server_name
  peer.py greeted-client ADDRESS PORT MIN MAX NAME    the same, behind a line of the server's
  peer.py server ADDRESS PORT MIN MAX         answers one line on each connection
  peer.py fast-open-server ADDRESS PORT       takes a hello that comes with the SYN

Versions are written as TLSv1 TLSv1.1 TLSv1.2 TLSv1.3. Both ends print the
version and the cipher of a completed handshake. A server's certificate and key
are the files named by CERT and KEY.
"""
import os
import socket
import ssl
import sys

VERSIONS = {
    "TLSv1": ssl.TLSVersion.TLSv1,
    "TLSv1.1": ssl.TLSVersion.TLSv1_1,
    "TLSv1.2": ssl.TLSVersion.TLSv1_2,
    "TLSv1.3": ssl.TLSVersion.TLSv1_3,
}


def context(side, low, high):
    c = ssl.SSLContext(side)
    c.set_ciphers("DEFAULT:@SECLEVEL=0")
    c.minimum_version, c.maximum_version = VERSIONS[low], VERSIONS[high]
    return c


def announce(conn):
    print("Protocol:", conn.version(), flush=True)
    print("Cipher:", conn.cipher()[0], flush=True)


def client(address, port, low, high, name, greeted=False):
    c = context(ssl.PROTOCOL_TLS_CLIENT, low, high)
    c.check_hostname, c.verify_mode = False, ssl.CERT_NONE
    raw = socket.create_connection((address, int(port)))
    while greeted and raw.recv(1) != b"\n":
        pass
    with c.wrap_socket(raw, server_hostname=None if name == "-" else name) as conn:
        announce(conn)
        conn.sendall(b"hello\n")
        conn.recv(100)


def server(address, port, low, high, option=None):
    c = context(ssl.PROTOCOL_TLS_SERVER, low, high)
    c.load_cert_chain(os.environ["CERT"], os.environ["KEY"])
    listener = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if option is not None:
        listener.setsockopt(socket.IPPROTO_TCP, option, 5)
    listener.bind((address, int(port)))
    listener.listen()
    while True:
        raw, _ = listener.accept()
        try:
            with c.wrap_socket(raw, server_side=True) as conn:
                announce(conn)
                conn.sendall(conn.recv(100))
        except OSError as error:
            print("refused:", error, flush=True)


def fast_open_server(address, port):
    server(address, port, "TLSv1", "TLSv1.1", socket.TCP_FASTOPEN)


def greeted_client(address, port, low, high, name):
    client(address, port, low, high, name, greeted=True)


ROLES = {"client": client, "greeted-client": greeted_client, "server": server, "fast-open-server": fast_open_server}
ROLES[sys.argv[1]](*sys.argv[2:])
