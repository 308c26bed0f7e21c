"""Answer every HTTPS request, in any version from TLS 1.0 to 1.3.

  CERT=... KEY=... OPENSSL_CONF=... server.py ADDRESS PORT

OPENSSL_CONF has to allow TLS 1.0.
"""
import os
import socket
import ssl
import sys
import threading

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"


def context():
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1
    made.set_ciphers("ALL:@SECLEVEL=0")
    made.load_cert_chain(os.environ["CERT"], os.environ["KEY"])
    return made


def answer(tls, connection):
    connection.settimeout(10)
    try:
        with tls.wrap_socket(connection, server_side=True) as secured:
            secured.recv(65536)
            secured.sendall(ANSWER)
    except OSError as refused:
        print("refused:", refused, flush=True)


def main():
    tls = context()
    with socket.create_server((sys.argv[1], int(sys.argv[2]))) as listener:
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=answer, args=(tls, connection), daemon=True).start()


main()
