# SPDX-License-Identifier: Apache-2.0
"""A trust registry that is measured, with as many devices as are wanted."""
import contextlib
import http.client
import json
import pathlib
import socket
import sqlite3
import subprocess
import time

import realm
from realm import Failed, Process

HOST, REGISTRY, ADMINISTRATOR = "p01.tel.in.registry.example", "IN.TEL.P01", "admin"
NOW = 1700000000000
# By thousand: what a year of advisories leaves (IETF's draft on status lists has the same shares).
UNVERIFIED, UNRELIABLE = 10, 1

ROW = """INSERT INTO device (id, registry, identifier, make, model, firmware, facts, rot_kind, rot_id, proved_by, proved_key,
 trust, since, rule, cause_seq, life, list_index, registered_at, confirmed_at, reported_at, facts_seq, duplicate)
 VALUES (?, 'IN.TEL.P01', ?, ?, ?, '1.10', ?, 1, 'realm.example', ?, '', ?, 1700000000000, 'first', 0, 2, ?,
 1700000000000, 1700000000000, 1700000000000, 0, 0)"""
MODELS = [("Aeotec", "ZW100"), ("Fibaro", "FGMS-001"), ("Honeywell", "TH6320ZW"), ("Danfoss", "014G0013")]


def devices(count):
    """Rows as registration leaves them. The identifier's number is the place in the list, shuffled."""
    step = 2654435761  # odd: a permutation of any power of two
    length = 1 << max(20, (count - 1).bit_length())
    for i in range(count):
        make, model = MODELS[i % len(MODELS)]
        trust = 1 if i % 1000 < UNRELIABLE else 2 if i % 1000 < UNRELIABLE + UNVERIFIED else 0
        facts = json.dumps({"make": make, "model": model, "firmware": "1.10", "communication": ["zwave"],
                            "power": ["battery"], "protocols": ["coap"]}, separators=(",", ":"))
        name = f"mac:0024befffe{i:06x}"
        yield f"{REGISTRY}:{name}", f"urn:dev:{name}", make, model, facts, f"pseudonym{i}@realm.example", trust, i * step % length


class Registry:
    """symbolon-registry of the primary level, over HTTPS; killed when we leave the `with`."""

    def __init__(self, bench, count=0, name="registry"):
        self.bench, self.folder, self.count = bench, bench.folder / name, count
        self.process, self.ready = None, None

    def __enter__(self):
        self.folder.mkdir()
        subprocess.run([self.bench.program("certificates"), self.folder, HOST, ADMINISTRATOR], check=True)
        self._configure()
        self.start()
        if self.count:
            self.stop()
            self.fill()
            self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    @property
    def authority(self):
        return self.folder / "ca.pem"

    @property
    def database(self):
        return self.folder / "registry.db"

    def _configure(self):
        at = self.folder
        (at / "master").write_text("5b" * 32 + "\n")
        (at / "master").chmod(0o600)
        (at / "registry.yaml").write_text(f"""node: {{host: {HOST}}}
log: {{level: warn}}
store: {{url: "sqlite:{self.database}"}}
seal: {{master_key: "{at}/master"}}
registry: {{id: {REGISTRY}, type: primary}}
enquiry: {{enrolments: 0, rate: 0}}
api:
  listen: "127.0.0.1:0"
  socket: "{at}/socket"
  certificate: "{at}/{HOST}.pem"
  key: "{at}/{HOST}.key"
  authority: "{at}/ca.pem"
  administrators: [{ADMINISTRATOR}]
""")

    def start(self):
        """Returns how many seconds it took to be ready."""
        ready = self.folder / "ready"
        ready.unlink(missing_ok=True)
        program = self.bench.build / "src/registry/symbolon-registry"
        began = time.monotonic()
        self.process = Process([program, "--config", self.folder / "registry.yaml", "--ready-file", ready],
                               self.folder / "log")
        self.process.wait_for("not ready", lambda: ready.exists() and ready.read_text(), 600)
        self.ready = json.loads(ready.read_text())
        return time.monotonic() - began

    def stop(self):
        if self.process:
            self.process.__exit__()
            self.process = None

    def fill(self):
        """While it does not run: all in one go, as registering them would take hours."""
        with contextlib.closing(sqlite3.connect(self.database)) as store, store:
            store.execute("PRAGMA synchronous=OFF")
            store.executemany(ROW, devices(self.count))

    def command(self, *words, over_https=False):
        door = (["--url", f"https://{HOST}", "--ca", self.authority, "--connect", self.ready["api"]] if over_https
                else ["--socket", self.folder / "socket"])
        done = subprocess.run([self.bench.build / "src/cli/symbolon", *map(str, door), "registry", *map(str, words)],
                              capture_output=True, text=True, check=False, timeout=60)
        if done.returncode != 0:
            raise Failed(f"symbolon registry {words[0]}: {done.stderr.strip()[-600:]}")
        return done.stdout

    def ask(self, path, *curl, method="GET"):
        """The API by curl on its socket: the answer, and the seconds it took."""
        done = subprocess.run(["curl", "-sS", "--fail-with-body", "--unix-socket", self.folder / "socket", "-X", method,
                               "-w", "\n%{time_total}", *curl, f"http://registry{path}"],
                              capture_output=True, check=False, timeout=600)
        body, _, seconds = done.stdout.rpartition(b"\n")
        if done.returncode != 0:
            raise Failed(f"{method} {path}: {body.decode(errors='replace')[-600:]} {done.stderr.decode()[-300:]}")
        return body, float(seconds)

    def bring(self, batch, count, rows=1000):
        """A batch of pre-registrations, all of them added."""
        connection = http.client.HTTPConnection("registry")
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(str(self.folder / "socket"))
        for after in range(0, count, rows):
            lines = []
            for i in range(after, min(after + rows, count)):
                make, model = MODELS[i % len(MODELS)]
                lines.append(json.dumps({"device": f"mac:{batch:02x}24befffe{i:06x}",
                                         "facts": {"make": make, "model": model, "firmware": "1.10"}}) + "\n")
            connection.request("POST", f"/v1/imports/bench{batch}?after={after}", "".join(lines),
                               {"Content-Type": "application/x-ndjson"})
            answer = connection.getresponse()
            text = answer.read()
            if answer.status != 200 or json.loads(text).get("failed"):
                raise Failed(f"import: {answer.status} {text.decode()[:300]}")

    def resident(self):
        """Bytes of memory."""
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1]) * 1024
        raise Failed("no VmRSS")

    def on_disk(self):
        return sum(path.stat().st_size for path in self.folder.glob("registry.db*"))

    def cpu(self):
        """Seconds of processor time."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / 100

    def watch(self):
        return ["--watch", f"registry={self.process.pid}"]


def make_maker(folder):
    """A root of trust: maker.pem and maker.key."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                    folder / "maker.key", "-out", folder / "maker.pem", "-days", "30", "-subj", "/O=Bench/CN=devices",
                    "-addext", "basicConstraints=critical,CA:TRUE"], check=True, capture_output=True)


@contextlib.contextmanager
def in_realm(nodes, number):
    """A primary registry that is an application of a realm, for devices alone; its name among the nodes."""
    name, before = f"registry{number}", len(nodes.log("authn", "rp_a.serves"))
    nodes.start_program("symbolon-registry", name, realm.GATEWAY, realm.APPLICATION, f"""
diameter:
  {nodes.files(realm.GATEWAY)}
  peers: [{{host: {realm.AUTHN}, realm: {realm.NODE_REALM}, address: "{nodes.ready['authn']['rp_a']}"}}]
registry: {{id: {REGISTRY}}}
rp_d: {{application: {realm.APPLICATION}, listen: "127.0.0.1:0"}}
devices: {{roots: ["{nodes.folder}/maker.pem"]}}
""")
    process = nodes.nodes[name]
    try:
        process.wait_for("no element", lambda: len(nodes.log("authn", "rp_a.serves")) > before)
        yield name
    finally:
        nodes.nodes.pop(name).__exit__()


def load(bench, registry, work, who, how, count, *more):
    bench.run("load_registry", "--work", work, "--who", who, "--address", registry.ready["api"], "--name", HOST,
              "--authority", registry.authority, "--tls", how, "--devices", count, "--clients", 128,
              "--seconds", bench.seconds, "--warm-up", min(0.5, bench.seconds), *registry.watch(), *more)


def start_peer(bench, registry):
    """nginx with a fixed answer behind the registry's certificate; its process, and where it is."""
    process, _, encrypted = realm.start_nginx(bench, registry.folder, HOST)
    return process, encrypted
