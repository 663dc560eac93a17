# SPDX-License-Identifier: Apache-2.0
"""Processes that are measured: a realm of three nodes, provisioned in bulk, and the peers beside it."""
import concurrent.futures
import contextlib
import glob
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import threading
import time

NODE_REALM = "realm.example"
AUTHZ, AUTHN = f"authz1.{NODE_REALM}", f"authn1.{NODE_REALM}"
GATEWAY, APPLICATION = "gateway.app.example", "app.example"
PUSHED, ASP = "push.example", "cin:U72200KA2001PTC028000"  # an application whose tokens are made for it
START_SECONDS = 20
POSTGRES_SERVER = pathlib.Path(__file__).resolve().parent.parent / "tests/postgres-server"


def client(i):
    return f"00101{i:010d}@{NODE_REALM}"


def key(i):
    """As load_bootstrap computes it."""
    return {"k": b"bench K %08d".__mod__(i).hex(), "opc": b"bench O %08d".__mod__(i).hex()}


class Missing(Exception):
    """A program of somebody else's is not installed."""


class Failed(Exception):
    """A row could not be run."""


class Process:
    """A program with its output in a file; killed when we leave the `with`."""

    def __init__(self, argv, log, environment=None):
        self.name, self.log = pathlib.Path(argv[0]).name, log
        with open(log, "wb") as file:
            self.popen = subprocess.Popen([str(a) for a in argv], stdin=subprocess.DEVNULL,
                                          stdout=file, stderr=file, env={**os.environ, **(environment or {})})
        self.pid = self.popen.pid

    def wait_for(self, what, probe, seconds=START_SECONDS):
        """Asks `probe` until it gives something."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and self.popen.poll() is None:
            found = probe()
            if found:
                return found
            time.sleep(0.02)
        raise Failed(f"{self.name}: {what}: {self.log.read_text(errors='replace')[-600:]}")

    def first_line(self):
        return self.wait_for("no address", lambda: self.log.read_text().split("\n")[0].strip())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.popen.terminate()
        try:
            self.popen.wait(10)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()


def free_port():
    """For programs that cannot tell which port the system chose for them."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def listens(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


def peer(program):
    path = shutil.which(program, path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if not path:
        raise Missing(f"{program} is not installed (tools/packages/install bench)")
    return path


def start_nginx(bench, certificates, name):
    """One process; the same answer on plain HTTP and on TLS."""
    folder, plain, encrypted = bench.folder, free_port(), free_port()
    temporary = " ".join(f"{what}_temp_path {folder}/nginx.{what};"
                         for what in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    conf = folder / "nginx.conf"
    conf.write_text(f"""daemon off; master_process off; worker_processes 1; pid {folder}/nginx.pid;
error_log stderr error;
events {{ worker_connections 4096; }}
http {{
    access_log off; keepalive_requests 1000000000; tcp_nodelay on; {temporary}
    server {{
        listen 127.0.0.1:{plain}; listen 127.0.0.1:{encrypted} ssl;
        ssl_certificate {certificates}/{name}.pem; ssl_certificate_key {certificates}/{name}.key;
        ssl_protocols TLSv1.3; ssl_session_tickets off; ssl_session_cache off;
        location / {{ default_type text/plain; return 200 "hello\\n"; }}
    }}
}}
""")
    process = bench.until_the_end.enter_context(
        Process([peer("nginx"), "-c", conf, "-p", folder], folder / "nginx.log"))
    process.wait_for("does not listen", lambda: listens(encrypted))
    return process, f"127.0.0.1:{plain}", f"127.0.0.1:{encrypted}"


def start_stunnel(bench, tokens, backend, version="1.3"):
    folder, port = bench.folder, free_port()
    secrets = folder / f"stunnel.{version}.psk"
    secrets.write_text("".join(f"{identity}:{key}\n" for identity, key in tokens))
    secrets.chmod(0o600)
    conf = folder / f"stunnel.{version}.conf"
    conf.write_text(f"""foreground = yes
pid =
debug = 3
[rp_d]
accept = 127.0.0.1:{port}
connect = {backend}
sslVersion = TLSv{version}
ciphersuites = TLS_AES_128_GCM_SHA256
ciphers = ECDHE-PSK-CHACHA20-POLY1305
PSKsecrets = {secrets}
sessionResume = no
socket = l:TCP_NODELAY=1
socket = r:TCP_NODELAY=1
""")
    process = bench.until_the_end.enter_context(Process([peer("stunnel"), conf], folder / f"stunnel.{version}.log"))
    process.wait_for("does not listen", lambda: listens(port))
    return process, f"127.0.0.1:{port}"


class Postgres:
    """A server of its own, by tests/postgres-server, whose commits are on the disk."""

    def __init__(self, folder, *databases):
        self.folder, self.databases, self.process = folder / "postgres", databases, None
        if not glob.glob("/usr/lib/postgresql/*/bin/postgres"):
            raise Missing("postgresql is not installed (tools/packages/install bench)")

    def _do(self, command, *arguments):
        return subprocess.run([POSTGRES_SERVER, command, self.folder, *arguments], check=True, capture_output=True,
                              text=True).stdout.strip()

    def __enter__(self):
        self.folder.parent.chmod(0o711)  # it does not run as root
        self._do("init")
        self.process = Process([POSTGRES_SERVER, "run", self.folder], self.folder.parent / "postgres.log",
                               {"FSYNC": "on"})
        self._do("wait")
        for name in self.databases:
            self._do("sql", "postgres", f"CREATE DATABASE {name}")
        return self

    def __exit__(self, *_):
        self.process.popen.send_signal(signal.SIGINT)
        self.process.popen.wait(30)

    def url(self, database):
        return self._do("url", database)

    def writer(self, database):
        """The server's process for the connection that writes: a node opens it first."""
        return self._do("sql", "postgres", "SELECT pid FROM pg_stat_activity WHERE application_name = 'symbolon'"
                        f" AND datname = '{database}' ORDER BY backend_start LIMIT 1")


class OperatorApi:
    """The operator's API on its Unix socket, one connection a thread."""

    def __init__(self, path):
        self.path, self.local = str(path), threading.local()

    def _connection(self):
        if not hasattr(self.local, "http"):
            self.local.http = http.client.HTTPConnection("authz")
            self.local.http.sock = socket.socket(socket.AF_UNIX)
            self.local.http.sock.connect(self.path)
        return self.local.http

    def __call__(self, method, path, body):
        connection = self._connection()
        connection.request(method, path, json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read()
        if answer.status not in (200, 201):
            raise Failed(f"{method} {path}: {answer.status} {text.decode(errors='replace')}")


class Realm:
    """authz, authn and gateway, as `symbolon up` configures them, but for what is logged."""

    def __init__(self, build, folder, backend=None, level="info", store=None):
        self.build, self.folder, self.backend, self.level = build, folder, backend, level
        self.store = store or (lambda name: f"sqlite:{self.folder}/{name}.db")
        self.nodes, self.ready = {}, {}

    def __enter__(self):
        try:
            self._start_all()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in reversed(self.nodes.values()):
            process.__exit__()

    def watch(self, *names):
        """The words that make a load generator count these nodes' CPU time."""
        return [word for name in names for word in ("--watch", f"{name}={self.nodes[name].pid}")]

    def _start_all(self):
        certificates = self.folder / "nodes"
        certificates.mkdir()
        subprocess.run([self.build / "bench/certificates", certificates, AUTHZ, AUTHN, GATEWAY], check=True)
        self.authority = certificates / "ca.pem"
        self._start("authz", AUTHZ, NODE_REALM, f"""
diameter:
  listen: "127.0.0.1:0"
  {self.files(AUTHZ)}
  peers: [{{host: {AUTHN}, realm: {NODE_REALM}}}]
operator:
  socket: "{self.folder}/authz.sock"
""")
        gateway_peer = f"- {{host: {GATEWAY}, realm: {APPLICATION}}}"
        self._start("authn", AUTHN, NODE_REALM, f"""
diameter:
  listen: "127.0.0.1:0"
  {self.files(AUTHN)}
  peers:
    - {{host: {AUTHZ}, realm: {NODE_REALM}, address: "{self.ready['authz']['rp_b']}"}}
    {gateway_peer}
rp_c:
  listen: "127.0.0.1:0"
  listen_plain: "127.0.0.1:0"
  starts_per_identity: 0
  starts_per_address: 0
  {self.files(AUTHN)}
rp_a_https: {{listen: "127.0.0.1:0"}}
""")
        if self.backend:
            self._start("gateway", GATEWAY, APPLICATION, f"""
diameter:
  {self.files(GATEWAY)}
  peers: [{{host: {AUTHN}, realm: {NODE_REALM}, address: "{self.ready['authn']['rp_a']}"}}]
applications: [{{id: {APPLICATION}, listen: "127.0.0.1:0", mode: http, backend: "{self.backend}"}}]
""")

    def files(self, node):
        at = self.folder / "nodes"
        return f'certificate: "{at}/{node}.pem"\n  key: "{at}/{node}.key"\n  authority: "{at}/ca.pem"'

    def _start(self, name, node, realm, rest):
        self.start_program(f"symbolon-{name}", name, node, realm, rest)

    def start_program(self, program, name, node, realm, rest):
        """One more process, under a name of its own."""
        master, conf, ready = (self.folder / f"{name}.{end}" for end in ("master", "yaml", "ready"))
        master.write_text("5b" * 32 + "\n")
        master.chmod(0o600)
        conf.write_text(f"""node: {{host: {node}, realm: {realm}}}
log: {{level: {self.level}}}
store: {{url: "{self.store(name)}"}}
seal: {{master_key: "{master}"}}{rest}""")
        path = self.build / "src" / program.removeprefix("symbolon-") / program
        if not path.exists():
            raise Failed(f"{path} was not built")
        process = Process([path, "--config", conf, "--ready-file", ready], self.folder / f"{name}.log")
        self.nodes[name] = process
        process.wait_for("not ready", lambda: ready.exists() and ready.read_text())
        self.ready[name] = json.loads(ready.read_text())

    def api(self):
        return OperatorApi(self.folder / "authz.sock")

    def device(self, *arguments, given=""):
        """One command of symbolon-device."""
        done = subprocess.run([self.build / "src/device-cli/symbolon-device", *map(str, arguments)], input=given,
                              capture_output=True, text=True, check=False, timeout=60)
        if done.returncode != 0:
            raise Failed(f"symbolon-device {arguments[0]}: {done.stderr.strip()[-600:]}")

    def log(self, name, event):
        """What a node has logged under this name, line by line."""
        lines = (self.folder / f"{name}.log").read_text(errors="replace").splitlines()
        return [json.loads(line) for line in lines if f'"event":"{event}"' in line]

    @contextlib.contextmanager
    def element(self, carrier):
        """A gateway that serves PUSHED, for as long as we are in the `with`; ready when it follows its events."""
        told = "rp_a.stream_begun" if carrier == "HTTPS" else "rp_a.serves"
        before = len(self.log("authn", told))
        node = f"host: {AUTHN}, "
        reached = (f"""rp_a:
  {self.files(GATEWAY)}
  nodes: [{{{node}address: "{self.ready['authn']['rp_a_https']}"}}]""" if carrier == "HTTPS" else f"""diameter:
  {self.files(GATEWAY)}
  peers: [{{{node}realm: {NODE_REALM}, address: "{self.ready['authn']['rp_a']}"}}]""")
        (self.folder / "gateway.ready").unlink(missing_ok=True)
        self._start("gateway", GATEWAY, APPLICATION, f"""
{reached}
applications: [{{id: {PUSHED}, listen: "127.0.0.1:0", mode: http, backend: "127.0.0.1:1"}}]
""")
        try:
            self.nodes["authn"].wait_for("no element", lambda: len(self.log("authn", told)) > before)
            yield
        finally:
            self.nodes.pop("gateway").__exit__()

    def provision(self, devices, granted=0):
        """Devices with the keys that load_bootstrap computes; the first may use the application."""
        api = self.api()
        api("POST", "/v1/subscribers", {"id": "bench", "verification": "none", "name": "bench"})
        api("POST", "/v1/asps", {"id": ASP, "name": "bench", "elements": [GATEWAY]})
        api("POST", "/v1/applications", {"id": APPLICATION, "asp": ASP, "ua": ["0100000007", "010001ccac"],
                                          "format": "gba"})

        def add(i):
            api("POST", "/v1/devices", {"client": client(i), "subscriber": "bench", **key(i)})
            if i < granted:
                api("PUT", "/v1/grants", {"client": client(i), "application": APPLICATION})

        with concurrent.futures.ThreadPoolExecutor(32) as threads:
            list(threads.map(add, range(devices)))
