#!/usr/bin/env python3
"""Clients that stall: each kind many times at once, all kinds together, while devices are served.

usage: stalled.py RP_C_PLAIN RP_C RP_B RP_D FOLDER AUTHN AUTHZ CLIENT AUTHN_PID AUTHZ_PID GATEWAY_PID EACH HEAD
  EACH   connections of each kind
  HEAD   seconds that a request may take to arrive; a connection may be idle for twice of it
"""
import selectors
import ssl
import sys
import time

from diameter import cer
from hostile import GROWTH_KIB, case, descriptors, dial, memory_kib, start_request, start_status, tls_context, wait_until

RP_C_PLAIN, RP_C, RP_B, RP_D, FOLDER, AUTHN, AUTHZ, CLIENT = sys.argv[1:9]
PIDS = {"authn": sys.argv[9], "authz": sys.argv[10], "gateway": sys.argv[11]}
EACH, HEAD = int(sys.argv[12]), float(sys.argv[13])
EXCHANGE = 10  # seconds for a handshake, and for a capabilities exchange
TICK = 0.1
START = start_request(AUTHN, CLIENT)
BODY = b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"
SLACK = 6  # seconds that a busy machine may be late


def client_hello():
    """As a client would send it, with nobody there."""
    context = tls_context()
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    try:
        context.wrap_bio(incoming, outgoing, server_hostname=AUTHN).do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


HELLO = client_hello()
PEER = tls_context(f"{FOLDER}/ca.pem", f"{FOLDER}/puppet")
CER = cer("puppet.realm.example", "realm.example")

# what, where, in TLS or not, what is sent at once, what is sent byte by byte, seconds until it is dropped
KINDS = [
    ("RP_C: says nothing", RP_C_PLAIN, None, b"", b"", 2 * HEAD),
    ("RP_C: a head byte by byte", RP_C_PLAIN, None, b"", START, HEAD),
    ("RP_C: a body byte by byte", RP_C_PLAIN, None, BODY, b"x" * 1000, HEAD),
    ("RP_C: half a head", RP_C_PLAIN, None, START[:100], b"", HEAD),
    ("RP_C: TLS, says nothing", RP_C, None, b"", b"", EXCHANGE),
    ("RP_C: TLS, half a ClientHello", RP_C, None, HELLO[:60], b"", EXCHANGE),
    ("RP_C: TLS, a ClientHello byte by byte", RP_C, None, b"", HELLO, EXCHANGE),
    ("RP_C: TLS, a ClientHello and no more", RP_C, None, HELLO, b"", EXCHANGE),
    ("RP_B: says nothing", RP_B, None, b"", b"", EXCHANGE),
    ("RP_B: a ClientHello and no more", RP_B, None, HELLO, b"", EXCHANGE),
    ("RP_D: says nothing", RP_D, None, b"", b"", HEAD),
    ("RP_D: a ClientHello byte by byte", RP_D, None, b"", HELLO, HEAD),
    ("RP_B: in TLS, no CER", RP_B, PEER, b"", b"", EXCHANGE),
    ("RP_B: in TLS, a CER byte by byte", RP_B, PEER, b"", CER, EXCHANGE),
]
FEW = 10  # of those at a Diameter node


class Stalled:
    def __init__(self, kind):
        self.what, address, context, now, self.drip, self.limit = kind
        # one address may have few connections to a Diameter node: each kind is somebody else
        source = f"127.77.{KINDS.index(kind)}.{int(PIDS['authn']) % 250 + 1}" if address == RP_B else None
        self.sock = dial(address, context, AUTHZ if context else None, source)
        self.began, self.ended, self.at = time.monotonic(), None, 0
        self.sock.setblocking(False)
        if now:
            self.sock.send(now)

    def tick(self):
        try:
            if self.at < len(self.drip) and not self.ended:
                self.sock.send(self.drip[self.at:self.at + 1])
                self.at += 1
        except OSError:
            pass

    def read(self):
        """Whether it has ended."""
        try:
            if self.sock.recv(65536):
                return False
        except (BlockingIOError, ssl.SSLWantReadError):
            return False
        except OSError:
            pass
        self.ended = time.monotonic() - self.began
        return True


def run(stalled):
    """Until all have ended; the longest time that a device had to wait meanwhile, and how many were served."""
    selector, longest, served = selectors.DefaultSelector(), 0, 0
    for one in stalled:
        selector.register(one.sock, selectors.EVENT_READ, one)
    left, until, next_tick = len(stalled), time.monotonic() + EXCHANGE + SLACK, time.monotonic()
    while left and time.monotonic() < until:
        for key, _ in selector.select(TICK / 2):
            if key.data.read():
                selector.unregister(key.fileobj)
                key.data.sock.close()
                left -= 1
        if time.monotonic() >= next_tick:
            next_tick = time.monotonic() + TICK
            for one in stalled:
                one.tick()
            began = time.monotonic()
            served += start_status(RP_C_PLAIN, AUTHN, CLIENT) == 401
            longest = max(longest, time.monotonic() - began)
    return longest, served


def crowd_from_one_address():
    socks = [dial(RP_B, source=f"127.78.1.{int(PIDS['authn']) % 250 + 1}") for _ in range(60)]
    for sock in socks:
        sock.setblocking(False)

    def closed():
        count = 0
        for sock in socks:
            try:
                count += not sock.recv(1)
            except BlockingIOError:
                pass
            except OSError:
                count += 1
        return count
    case("RP_B: of 60 from one address most are closed at once", wait_until(lambda: closed() >= 40, 5), f"{closed()} closed")
    for sock in socks:
        sock.close()


def greedy(before):
    """Asks and asks, and reads no answer."""
    # from another address than the devices: one may not have all bootstraps under way
    socks = [dial(RP_C_PLAIN, source=f"127.79.1.{int(PIDS['authn']) % 250 + 1}") for _ in range(10)]
    sent = 0
    for sock in socks:
        sock.settimeout(0.3)
    until = time.monotonic() + 3
    while time.monotonic() < until:
        for sock in socks:
            try:
                sent += sock.send(START * 20) // len(START)
            except OSError:
                pass
    served = start_status(RP_C_PLAIN, AUTHN, CLIENT) == 401
    grown = memory_kib(PIDS["authn"]) - before
    case("those that ask and do not read are held back", served and grown < 8 * GROWTH_KIB, f"{served}, {grown} KiB, {sent} sent")
    print(f"# {sent} requests sent without reading, {grown} KiB more")
    for sock in socks:
        sock.close()


def main():
    before = {name: descriptors(pid) for name, pid in PIDS.items()}
    memory = memory_kib(PIDS["authn"])
    stalled = [Stalled(kind) for kind in KINDS for _ in range(FEW if kind[1] == RP_B else EACH)]
    print(f"# {len(stalled)} stalled connections")
    longest, served = run(stalled)
    case("devices are served meanwhile", served > 20 and longest < 3, f"{served} served, {longest:.2f} s at most")
    print(f"# {served} served, {longest * 1000:.0f} ms at most")
    for what, _, _, _, _, limit in KINDS:
        times = [one.ended for one in stalled if one.what == what]
        good = all(time and limit * 0.7 <= time <= limit + SLACK for time in times)
        ended = [time for time in times if time]
        case(f"{what}: dropped after {limit:g} s", good,
             f"{len(times) - len(ended)} never; {min(ended, default=0):.1f} to {max(ended, default=0):.1f} s")
    crowd_from_one_address()
    for name, pid in PIDS.items():
        case(f"{name}: nothing is left of them", wait_until(lambda: descriptors(pid) <= before[name]),
             f"{descriptors(pid)} descriptors, before {before[name]}")
    greedy(memory)
    case("authn: nothing is left of those either", wait_until(lambda: descriptors(PIDS["authn"]) <= before["authn"]))


main()
