#!/usr/bin/env python3
"""Stands where symbolon-authz should: each connection of symbolon-authn meets another impostor.

usage: impostor.py ADDRESS FOLDER READY-FILE
Says what each connection was told, and ends when all were met; 1 when one of them was believed.
"""
import pathlib
import random
import socket
import ssl
import sys

from diameter import Answer, avp, cer
from hostile import PATIENCE, read_to_end, split

ADDRESS, FOLDER, READY = sys.argv[1:]


def cea(host, result=2001, **options):
    asked = bytearray(cer(host, "realm.example", avp(268, result), **options))
    asked[4] = 0
    return bytes(asked)


# what, the certificate or None for none, what is answered to the CER
IMPOSTORS = [
    ("a certificate of another authority", "false-authz", None),
    ("a certificate for another name", "stranger", None),
    ("no TLS", None, b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    ("a length of 16 MB", "authz", b"\1\xff\xff\xfc" + random.Random(1).randbytes(3000)),
    ("another name in the CEA", "authz", cea("authz2.realm.example")),
]


def meet(sock, certificate, answer):
    """The CER that we were trusted with, if any; and whether we were believed."""
    sock.settimeout(PATIENCE)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{FOLDER}/{certificate}.pem", f"{FOLDER}/{certificate}.key")
        try:
            sock = context.wrap_socket(sock, server_side=True)
            asked = sock.recv(65536)
        except OSError:
            return b"", False
        if answer and asked:
            # the identifiers of what was asked
            answer = answer[:12] + asked[12:20] + answer[20:]
    else:
        asked = b""
    if answer:
        sock.sendall(answer)
    rest = read_to_end(sock)
    return asked, rest is None or any(code == 303 for code in commands(rest))


def commands(data):
    while len(data) >= 20 and data[0] == 1:
        yield Answer(data).command
        data = data[max(20, int.from_bytes(data[1:4], "big")):]


def main():
    listener = socket.create_server(split(ADDRESS))
    listener.settimeout(60)
    pathlib.Path(READY).touch()
    believed = False
    for what, certificate, answer in IMPOSTORS:
        sock, _ = listener.accept()
        with sock:
            asked, trusted = meet(sock, certificate, answer)
        print(f"{what}: {'a CER came' if asked else 'nothing came'}{', BELIEVED' if trusted else ''}", flush=True)
        believed |= trusted or bool(asked) != (certificate == "authz")
    sys.exit(believed)


main()
