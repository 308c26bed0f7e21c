"""A bad network between a client and a server of datagrams.

  relay.py LISTEN TARGET HOW [N]

LISTEN and TARGET are ADDRESS:PORT. HOW says what happens to the datagrams of
each direction: lose (each Nth), double (each Nth), or reorder (each Nth goes
behind the one after it, or behind a tenth of a second of silence).
"""
import select
import socket
import sys


def address(text):
    host, port = text.rsplit(":", 1)
    return host, int(port)


class Direction:
    """Sends datagrams on, each Nth of them badly."""

    def __init__(self, how, nth):
        self.how, self.nth, self.count, self.kept = how, nth, 0, []

    def take(self, datagram, send):
        self.count += 1
        bad = self.count % self.nth == 0
        if bad and self.how == "lose":
            return
        if bad and self.how == "reorder":
            self.kept.append(datagram)
            return
        for _ in range(2 if bad else 1):
            send(datagram)
        self.flush(send)

    def flush(self, send):
        while self.kept:
            send(self.kept.pop(0))


def main(listen, target, how, nth="3"):
    front, back = (socket.socket(type=socket.SOCK_DGRAM) for _ in range(2))
    front.bind(address(listen))
    back.connect(address(target))
    out, home = Direction(how, int(nth)), Direction(how, int(nth))
    client = None
    while True:
        ready = select.select([front, back], [], [], 0.1)[0]
        if front in ready:
            datagram, client = front.recvfrom(65535)
            out.take(datagram, back.send)
        if back in ready:
            home.take(back.recv(65535), lambda datagram: front.sendto(datagram, client))
        if not ready and client:
            out.flush(back.send)
            home.flush(lambda datagram: front.sendto(datagram, client))


main(*sys.argv[1:])
