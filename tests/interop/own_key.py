# SPDX-License-Identifier: Apache-2.0
"""A device with a key pair of its own, after docs/protocol/rp_c.md and token.md, on libssl alone.

usage: own_key.py HOST:PORT NODE CA CERTIFICATE KEY APPLICATION UA [COUNT]

Bootstraps COUNT times on one connection and prints a line each: token id, key under the Ua id, in hexadecimal.
An answer other than 200 is printed as "STATUS BODY", and ends it with status 1.
"""
import base64
import ctypes
import ctypes.util
import hashlib
import hmac
import json
import socket
import struct
import sys
import urllib.parse

ssl = ctypes.CDLL(ctypes.util.find_library("ssl"))
for name in ("TLS_client_method", "SSL_CTX_new", "SSL_new"):
    getattr(ssl, name).restype = ctypes.c_void_p
PEM, VERIFY_PEER, SET_HOST_NAME = 1, 1, 55


def must(result, what):
    if result != 1:
        sys.exit(f"own_key.py: {what} failed")


def connect(address, node, ca, certificate, key):
    host, port = address.rsplit(":", 1)
    plain = socket.create_connection((host, int(port)))
    context = ctypes.c_void_p(ssl.SSL_CTX_new(ctypes.c_void_p(ssl.TLS_client_method())))
    must(ssl.SSL_CTX_load_verify_file(context, ca.encode()), ca)
    must(ssl.SSL_CTX_use_certificate_chain_file(context, certificate.encode()), certificate)
    must(ssl.SSL_CTX_use_PrivateKey_file(context, key.encode(), PEM), key)
    ssl.SSL_CTX_set_verify(context, VERIFY_PEER, None)
    tls = ctypes.c_void_p(ssl.SSL_new(context))
    must(ssl.SSL_set1_host(tls, node.encode()), "name")
    ssl.SSL_ctrl(tls, SET_HOST_NAME, 0, node.encode())
    ssl.SSL_set_fd(tls, plain.fileno())
    must(ssl.SSL_connect(tls), "handshake")
    return plain, tls


def ask(tls, node, application):
    request = (f"GET /?app={urllib.parse.quote(application, safe='')} HTTP/1.1\r\nHost: {node}\r\n\r\n").encode()
    must(int(ssl.SSL_write(tls, request, len(request)) == len(request)), "write")
    room, got = ctypes.create_string_buffer(16384), b""
    while b"\r\n\r\n" not in got or len(got.split(b"\r\n\r\n", 1)[1]) < length(got):
        read = ssl.SSL_read(tls, room, len(room))
        if read <= 0:
            sys.exit("own_key.py: cut off")
        got += room.raw[:read]
    head, body = got.split(b"\r\n\r\n", 1)
    return int(head.split()[1]), body.decode()


def length(got):
    for line in got.split(b"\r\n\r\n", 1)[0].lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.split(b":")[1])
    return 0


def export(tls, label, context, size=32):
    out = ctypes.create_string_buffer(size)
    must(ssl.SSL_export_keying_material(tls, out, ctypes.c_size_t(size), label, ctypes.c_size_t(len(label)), context,
                                        ctypes.c_size_t(len(context)), 1), "exporter")
    return out.raw


def kdf(key, *parameters):
    text = b"\x01" + b"".join(p + struct.pack(">H", len(p)) for p in parameters)
    return hmac.new(key, text, hashlib.sha256).digest()


def main():
    address, node, ca, certificate, key, application, ua = sys.argv[1:8]
    plain, tls = connect(address, node, ca, certificate, key)
    for _ in range(int(sys.argv[8]) if len(sys.argv) > 8 else 1):
        status, body = ask(tls, node, application)
        if status != 200:
            print(status, body)
            sys.exit(1)
        token = json.loads(body)
        rand = base64.urlsafe_b64decode(token["rand"] + "==")
        client, realm = token["client"].encode(), token["realm"].encode()
        context = b"".join(struct.pack(">H", len(p)) + p for p in (client, node.encode(), rand))
        ks = export(tls, b"EXPORTER-y3056-bootstrap", context)
        binding = export(tls, b"EXPORTER-Channel-Binding", b"")
        application_id = token["application"].encode()
        own = kdf(ks, b"y3056-id", rand, client, application_id, node.encode(), realm)[:18]
        if token["token"] != base64.urlsafe_b64encode(own).decode() + "@" + node:
            sys.exit("own_key.py: another token id than ours")
        print(token["token"], kdf(ks, b"y3056", rand, client, application_id + bytes.fromhex(ua), node.encode(), realm,
                                  binding).hex())
    plain.close()


main()
