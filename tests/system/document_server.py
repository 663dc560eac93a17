"""Serves a file as the realm document over HTTPS, read anew for each request: document_server.py ADDRESS CERTIFICATE KEY FILE READY.
What a realm would not say: the tests of those who configure themselves from it."""
import http.server
import os
import ssl
import sys

address, certificate, key, path, ready = sys.argv[1:]


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = open(path, "rb").read() if os.path.exists(path) else b""
        self.send_response(200 if body else 404)
        self.send_header("Content-Type", "application/jose")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer((address, 0), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
server.socket = context.wrap_socket(server.socket, server_side=True)
with open(ready + ".part", "w") as file:
    file.write(f"{address}:{server.server_address[1]}\n")
os.rename(ready + ".part", ready)
server.serve_forever()
