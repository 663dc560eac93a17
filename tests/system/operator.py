#!/usr/bin/env python3
"""An operator at the Unix socket of symbolon-authz, in a hurry.

usage: operator.py SOCKET devices FIRST COUNT REALM APPLICATION
           registers devices and sets their permission
       operator.py SOCKET load FILE [NAME [PAUSE]]
           registers subscribers one after the other until SIGTERM, through whatever happens to authz; FILE
           lists those that were acknowledged, and those that were asked for without an answer
       operator.py SOCKET verify FILE
           all that was acknowledged is there, and what was not is there whole or not at all
"""
import http.client
import json
import signal
import socket
import sys
import time


class Connection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("authz", timeout=20)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def ask(connection, method, path, body=None):
    text = json.dumps(body) if body is not None else None
    connection.request(method, path, text, {"Content-Type": "application/json"} if text else {})
    answer = connection.getresponse()
    return answer.status, answer.read()


def must(connection, method, path, body):
    status, said = ask(connection, method, path, body)
    if status not in (200, 201):
        sys.exit(f"{method} {path}: {status} {said.decode()}")


def add_devices(connection, first, count, realm, application):
    for number in range(int(first), int(first) + int(count)):
        client = f"00101{number:010}@{realm}"
        must(connection, "POST", "/v1/devices", {
            "client": client, "subscriber": "alice",
            "k": (b"K of dev %07d" % number).hex(),
            "opc": (b"O of dev %07d" % number).hex()})
        must(connection, "PUT", "/v1/grants", {"client": client, "application": application})


def load(path, file, prefix="under-load", pause=0):
    stopping = []
    signal.signal(signal.SIGTERM, lambda *_: stopping.append(True))
    connection, number = Connection(path), 0
    with open(file, "w", buffering=1) as log:
        while not stopping:
            number += 1
            name = f"{prefix}-{number}"
            try:
                status, said = ask(connection, "POST", "/v1/subscribers",
                                   {"id": name, "verification": "prepaid", "name": f"Number {number}"})
            except (OSError, http.client.HTTPException):
                connection.close()
                log.write(f"unanswered {name}\n")
                time.sleep(0.02)
                continue
            unknown = status == 500 and b"did not say" in said
            log.write(f"{'unanswered' if unknown else status} {name}\n")
            time.sleep(0.02 if status >= 500 else float(pause))


def verify(path, file):
    connection, seen = Connection(path), {}
    for line in open(file):
        result, name = line.split()
        seen[result] = seen.get(result, 0) + 1
        status, said = ask(connection, "GET", "/v1/subscribers/" + name)
        if result == "201" and status != 200:
            sys.exit(f"{name} was acknowledged, and now: {status} {said.decode()}")
        if result == "503" and status != 404:
            sys.exit(f"{name} was refused, and now: {status} {said.decode()}")
        if result not in ("201", "503", "unanswered"):
            sys.exit(f"{name}: answered {result}")
        if status == 200 and json.loads(said)["name"] != "Number " + name.split("-")[-1]:
            sys.exit(f"{name} is half there: {said.decode()}")
    print(" ".join(f"{result}: {count}" for result, count in sorted(seen.items())))
    if not seen.get("201"):
        sys.exit("nothing was acknowledged")


def main():
    path, command, *words = sys.argv[1:]
    if command == "devices":
        add_devices(Connection(path), *words)
    elif command == "load":
        load(path, *words)
    elif command == "verify":
        verify(path, *words)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
