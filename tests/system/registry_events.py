#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The events of a registry's log, one a line: kind, the registry that had it first, its place there.

usage: registry_events.py SOCKET [REGID]   of that registry alone
"""
import http.client
import json
import socket
import sys


class Connection(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(sys.argv[1])


def main():
    connection = Connection("registry")
    after = None
    while True:
        connection.request("GET", "/v1/events?limit=1000" + (f"&after={after}" if after is not None else ""))
        page = json.load(connection.getresponse())
        for event in page["items"]:
            if len(sys.argv) < 3 or event["registry"] == sys.argv[2]:
                print(event["kind"], event["registry"], event["registry_seq"])
        if "next" not in page:
            return
        after = page["next"]


main()
