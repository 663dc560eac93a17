#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A registry that joins another one and then does not behave. What it serves as its log is what a file says, now:

    good       eleven entries, then one a second
    forked     the same, but for entry 3 and its root
    older      five of them
    garbage    no log at all
    words      an event of a name that no log has
    huge       an entry of many MiB
    endless    bytes without an event, for ever
    comments   comments without end
    unsigned   entries without end, and never a checkpoint
    signature  checkpoints that another key signed
    commitment a record that its leaf does not commit to
    foreign    an event of a device in another registry
    origin     an event whose leaf says that another registry had it first
    gap        an entry left out
    status     every request is answered 500

usage: hostile_registry.py FOLDER NAME REGID TYPE   needs FOLDER/NAME.pem, .key, .mode; writes NAME.address and NAME.vkey
       hostile_registry.py join FOLDER NAME REGID TYPE TARGET-HOST TARGET-ADDRESS   asks to join
"""
import base64
import hashlib
import hmac
import http.client
import http.server
import json
import pathlib
import socketserver
import ssl
import subprocess
import sys
import time

URL = base64.urlsafe_b64encode


def unpadded(data):
    return URL(data).decode().rstrip("=")


# --- notes ---

def private_key(folder, name):
    path = folder / f"{name}.ed25519"
    if not path.exists():
        subprocess.run(["openssl", "genpkey", "-algorithm", "ED25519", "-out", path], check=True)
    return path


def public_key(path):
    der = subprocess.run(["openssl", "pkey", "-in", path, "-pubout", "-outform", "DER"], check=True, capture_output=True).stdout
    return der[-32:]


def key_hash(name, public):
    return hashlib.sha256(name.encode() + b"\n\x01" + public).digest()[:4]


def vkey(name, public):
    return name + "+" + key_hash(name, public).hex() + "+" + base64.b64encode(b"\x01" + public).decode()


def sign(folder, path, name, text):
    message = folder / "hostile.message"
    message.write_bytes(text)
    signature = subprocess.run(["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", path, "-in", message], check=True,
                               capture_output=True).stdout
    line = base64.b64encode(key_hash(name, public_key(path)) + signature)
    return text + "\n— ".encode() + name.encode() + b" " + line + b"\n"


# --- the log ---

def node(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(hashes):
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while 2 * split < len(hashes):
        split *= 2
    return node(root(hashes[:split]), root(hashes[split:]))


class Log:
    def __init__(self, regid):
        self.regid, self.entries, self.hashes = regid, [], []

    def add(self, kind, record, origin=None, padding=0, wrong=False):
        text = json.dumps({**record, **({"padding": "x" * padding} if padding else {})}, separators=(",", ":"))
        salt = hashlib.sha256(str(len(self.entries)).encode()).digest()
        commitment = hmac.new(salt, text.encode(), "sha256").digest()
        leaf = '{"kind":"%s","time":%d,"registry":"%s","commitment":"%s"}' % (
            kind, 1764547200000 + len(self.entries), origin or self.regid, unpadded(commitment))
        seq = len(self.entries)
        self.entries.append(json.dumps({"seq": seq, "origin_seq": seq, "leaf": leaf, "salt": unpadded(salt),
                                        "record": text + " " if wrong else text}, separators=(",", ":")))
        self.hashes.append(hashlib.sha256(b"\x00" + leaf.encode()).digest())

    def status(self, number, trust="unreliable", regid=None, **more):
        device = f"{regid or self.regid + '.P01'}:mac:0024befffe80{number:04x}"
        self.add("status_changed", {"subject": device, "trust": trust, "make": "Acme", "model": "M1"}, **more)


def log_of(mode, regid, count):
    log = Log(regid)
    for i in range(count):
        log.status(i, "trusted" if mode == "forked" and i == 3 else "unreliable")
    return log


# --- serving it ---

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def mode(self):
        return self.server.mode_file.read_text().strip()

    def chunk(self, data):
        self.wfile.write(b"%x\r\n" % len(data) + data + b"\r\n")

    def event(self, name, data):
        self.chunk(b"event: " + name.encode() + b"\n" + b"".join(b"data: " + line + b"\n" for line in data.split(b"\n")) + b"\n")

    def checkpoint(self, log, name=None):
        server = self.server
        text = f"{server.origin}\n{len(log.hashes)}\n".encode() + base64.b64encode(root(log.hashes)) + b"\n"
        self.event("checkpoint", sign(server.folder, name or server.key, server.origin, text))

    def do_GET(self):
        mode = self.mode()
        if mode == "status" or not self.path.startswith("/v1/log/stream"):
            self.send_response(500)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            getattr(self, "say_" + mode)(int(self.path.partition("from=")[2]))
            while self.mode() == mode:
                time.sleep(0.02)
        except OSError:
            pass
        self.close_connection = True

    def follow(self, log, start):
        self.checkpoint(log)
        for entry in log.entries[start:]:
            self.event("entry", entry.encode())
        self.checkpoint(log)

    def say_good(self, start):
        log = log_of("good", self.server.regid, 11)
        self.follow(log, start)
        while self.mode() == "good":
            for _ in range(50):
                time.sleep(0.02)
                if self.mode() != "good":
                    return
            self.chunk(b":\n\n")

    def say_forked(self, start):
        self.follow(log_of("forked", self.server.regid, 11), start)

    def say_older(self, start):
        self.follow(log_of("good", self.server.regid, 5), start)

    def say_garbage(self, start):
        self.chunk(b"\x00\xff{]garbage\n\n\n")
        self.event("entry", b"\xff\xfe{")

    def say_words(self, start):
        self.checkpoint(log_of("good", self.server.regid, 11))
        self.event("surprise", b"{}")

    def say_huge(self, start):
        log = log_of("good", self.server.regid, 11)
        log.status(99, padding=8 << 20)
        self.follow(log, start)

    def say_endless(self, start):
        self.checkpoint(log_of("good", self.server.regid, 11))
        self.chunk(b"event: entry\ndata: ")
        while self.mode() == "endless":
            self.chunk(b"x" * 65536)

    def say_comments(self, start):
        self.checkpoint(log_of("good", self.server.regid, 11))
        while self.mode() == "comments":
            self.chunk(b":\n" * 32768)

    def say_unsigned(self, start):
        log = log_of("good", self.server.regid, 11)
        self.checkpoint(log)
        for entry in log.entries[start:]:
            self.event("entry", entry.encode())
        i = 11
        while self.mode() == "unsigned":
            log.status(i)
            self.event("entry", log.entries[-1].encode())
            i += 1

    def say_signature(self, start):
        other = private_key(self.server.folder, "other")
        self.checkpoint(log_of("good", self.server.regid, 11), other)

    def say_commitment(self, start):
        log = log_of("good", self.server.regid, 11)
        log.status(99, wrong=True)
        self.follow(log, start)

    def say_foreign(self, start):
        log = log_of("good", self.server.regid, 11)
        log.status(99, regid="IN.TEL.P01")
        self.follow(log, start)

    def say_origin(self, start):
        log = log_of("good", self.server.regid, 11)
        log.status(99, origin="IN.TEL")
        self.follow(log, start)

    def say_gap(self, start):
        log = log_of("good", self.server.regid, 14)
        self.checkpoint(log)
        for entry in log.entries[start:12] + log.entries[13:]:
            self.event("entry", entry.encode())


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass


def serve(folder, name, regid):
    server = Server(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.folder, server.regid, server.origin = folder, regid, regid + "/log"
    server.key = private_key(folder, name)
    server.mode_file = folder / f"{name}.mode"
    (folder / f"{name}.vkey").write_text(vkey(server.origin, public_key(server.key)))
    (folder / f"{name}.address").write_text("127.0.0.1:%d" % server.server_port)
    server.serve_forever()


def join(folder, name, regid, kind, host, address):
    context = ssl.create_default_context(cafile=folder / "ca.pem")
    context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
    context.check_hostname = False
    connection = http.client.HTTPSConnection(address, context=context, timeout=20)
    body = {"id": regid, "type": kind, "relation": "child", "url": f"https://{name}.registry.example",
            "address": (folder / f"{name}.address").read_text(), "log_key": (folder / f"{name}.vkey").read_text()}
    connection.request("POST", "/v1/joining", json.dumps(body), {"Content-Type": "application/json", "Host": host})
    answer = connection.getresponse()
    print(answer.status, answer.read().decode().strip())


if sys.argv[1] == "join":
    join(pathlib.Path(sys.argv[2]), *sys.argv[3:])
else:
    serve(pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3])
