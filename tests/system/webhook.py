# SPDX-License-Identifier: Apache-2.0
"""A receiver of security event tokens (RFC 8935) by itself: it checks each token with cryptography's ES256, not with ours.

usage: webhook.py serve FOLDER [--tls CERTIFICATE KEY] [--bind ADDRESS]
       webhook.py check FOLDER TITLES    all of TITLES came, each subscription's in order, told again under the same jti

In FOLDER: `port` (written once it listens), `key` (the registry's JWK), `aud` (what tokens must be for), `answer` (what is answered: 202,
500, 400, "hang" or a URL to redirect to; read for each), `tokens` (what came: a JSON object a line).
"""
import base64
import hashlib
import http.server
import json
import pathlib
import ssl
import sys
import threading

PREFIX = "urn:symbolon:registry:event:"


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def verify(token, key, aud):
    """The payload of a token that this key has signed, for this audience."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, utils
    head, payload, signature = token.split(".")
    header = json.loads(decode(head))
    assert header["typ"] == "secevent+jwt" and header["alg"] == "ES256" and "crit" not in header, header
    numbers = [int.from_bytes(decode(key[name]), "big") for name in ("x", "y")]
    public = ec.EllipticCurvePublicNumbers(*numbers, ec.SECP256R1()).public_key()
    raw = decode(signature)
    assert len(raw) == 64
    der = utils.encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    public.verify(der, f"{head}.{payload}".encode(), ec.ECDSA(hashes.SHA256()))
    thumbprint = hashlib.sha256(json.dumps({n: key[n] for n in ("crv", "kty", "x", "y")},
                                           separators=(",", ":")).encode()).digest()
    assert decode(header["kid"]) == thumbprint, "kid"
    claims = json.loads(decode(payload))
    assert claims["aud"] == aud and claims["iss"] and isinstance(claims["iat"], int), claims
    assert len(claims["events"]) == 1
    return claims


def serve(folder, certificate, key_file, bind):
    lock = threading.Lock()
    hang = threading.Event()

    class Receiver(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            what = (folder / "answer").read_text().strip()
            with lock:
                self.keep(body, what)
            if what == "hang":
                hang.wait()
            if what.startswith("http"):
                return self.say(307, b"", Location=what)
            return self.say(int(what), b'{"err":"invalid_request","description":"not today"}' if what == "400" else b"")

        do_GET = do_POST

        def keep(self, body, what):
            line = {"answer": what}
            if (folder / "key").exists():
                assert self.headers["Content-Type"] == "application/secevent+jwt", self.headers
                claims = verify(body, json.loads((folder / "key").read_text()), (folder / "aud").read_text().strip())
                (kind, told), = claims["events"].items()
                line |= {"jti": claims["jti"], "txn": claims["txn"], "iss": claims["iss"],
                         "kind": kind.removeprefix(PREFIX), **told}
            with (folder / "tokens").open("a") as out:
                out.write(json.dumps(line) + "\n")

        def say(self, status, body, **fields):
            self.send_response(status)
            for name, value in fields.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 64

    server = Server((bind, int((folder / "port").read_text()) if (folder / "port").exists() else 0), Receiver)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key_file)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    (folder / "port").write_text(str(server.server_address[1]))
    (folder / "ready").touch()
    server.serve_forever()


def check(folder, titles):
    """What was acknowledged, the first time that each came: all of them, in order."""
    tokens = [json.loads(line) for line in (folder / "tokens").open()]
    first, order, again = {}, [], 0
    for token in tokens:
        known = first.setdefault(token["jti"], token)
        assert {**known, "answer": ""} == {**token, "answer": ""}, ("another event under the same jti", known, token)
        again += known is not token
        if token["answer"] == "202" and token["jti"] not in order:
            order.append(token["jti"])
    sequences = [first[jti]["sequence"] for jti in order]
    assert sequences == sorted(sequences), "reordered"
    assert sequences == list(range(sequences[0], sequences[0] + len(sequences))), "a gap"
    seqs = [first[jti]["seq"] for jti in order]
    assert seqs == sorted(seqs), "not the order of the log"
    came = [first[jti].get("title") for jti in order]
    wanted = titles.read_text().split()
    missing = [title for title in wanted if title not in came]
    assert not missing, f"lost: {missing[:5]} of {len(wanted)}"
    assert len(set(came)) == len(came), "an event under two names"
    print(f"{len(wanted)} were acknowledged to their senders, {len(order)} came, {again} of {len(tokens)} tokens were told again")


def main():
    command, folder, *rest = sys.argv[1:]
    folder = pathlib.Path(folder)
    if command == "check":
        return check(folder, pathlib.Path(rest[0]))
    folder.mkdir(exist_ok=True)
    (folder / "ready").unlink(missing_ok=True)
    if not (folder / "answer").exists():
        (folder / "answer").write_text("202")
    bind = rest[rest.index("--bind") + 1] if "--bind" in rest else "127.0.0.1"
    tls = rest[rest.index("--tls") + 1:][:2] if "--tls" in rest else (None, None)
    return serve(folder, *tls, bind)


if __name__ == "__main__":
    main()
