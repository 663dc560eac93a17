# SPDX-License-Identifier: Apache-2.0
"""The rows: what is run for each, and what we aim at."""
import concurrent.futures
import json
import subprocess
import time

import hierarchy
import realm
import registry
from realm import Failed, Missing, Process, Realm

KEPT, FRESH = "HTTP GET, connection kept", "HTTP GET, new TLS 1.3 connection each"
RP_D = "RP_D: new TLS 1.3 PSK connection, GET"
RP_D_12 = "RP_D: new TLS 1.2 ECDHE_PSK one, GET"

OWN_KEY = "bootstrap with a public key, new mutual TLS 1.3"
RP_A = "pull of a token, one element, TLS"
STATUS = "status of a device, TLS kept"
SIGNED = "challenge, and a signed answer"
IMPORT = "bulk import, a row"
REGISTRATION = "registration with proof, durable"
VISIT = "connection of a device, and a nonce"
GROWTH = "start, a device"
SYNC = "an event of a primary registry, seen in the geographical one"
PUSH = "push of a token to its acknowledgement"
PUSHES = 20

# Per CPU-second of our own processes together; and a yardstick: what somebody else's program did where and when
# the aim was set. This machine's pace is what the yardstick does now.
AIMS = {
    "bootstrap, plain HTTP": (10000, KEPT, "nginx", 168000),
    "bootstrap, new TLS 1.3 connection each": (3500, FRESH, "nginx", 5500),
    RP_D: (5000, RP_D, "stunnel", 1800),
}
WARM_UP = 0.5
DEVICES, GRANTED = 2000, 500
UNDER_WAY = 128


class Bench:
    """What a row is given, and where it leaves its samples."""

    def __init__(self, build, folder, arguments, until_the_end):
        self.build, self.folder, self.runs, self.seconds = build, folder, arguments.runs, arguments.seconds
        self.quick, self.large = arguments.quick, arguments.large
        self.until_the_end = until_the_end  # what is entered here ends with the row
        self.started, self.samples, self.missing = 0, [], []

    def program(self, name):
        return self.build / "bench" / name

    def run(self, name, *arguments, keep=True):
        """Runs one of ours; each line of JSON is a sample."""
        done = subprocess.run([self.program(name), *map(str, arguments)], capture_output=True, text=True, check=False,
                              timeout=600)
        if done.returncode != 0:
            raise Failed(f"{name}: {done.stderr.strip()[-600:]}")
        if keep:
            new = [json.loads(line) for line in done.stdout.splitlines()]
            if any(sample["count"] == 0 for sample in new):
                raise Failed(f"{name}: nothing was counted: {done.stdout.strip()[-600:]}")
            self.samples += new

    def load(self, name, work, who, address, watch, *more):
        self.run(name, "--work", work, "--who", who, "--address", address, "--clients", UNDER_WAY,
                 "--seconds", self.seconds, "--warm-up", min(WARM_UP, self.seconds), *watch, *more)

    def start(self, name, *arguments):
        """One of our servers, and the address that it prints."""
        self.started += 1
        process = self.until_the_end.enter_context(
            Process([self.program(name), *arguments], self.folder / f"{name}.{self.started}.log"))
        return process, process.first_line()

    def fixed(self, *tls):
        return self.start("http_fixed", "127.0.0.1:0", *tls)

    def postgres(self, *databases):
        """A server of PostgreSQL on the same disk, durable; or None."""
        try:
            return self.until_the_end.enter_context(realm.Postgres(self.folder, *(databases or ["store"])))
        except Missing as missing:
            self.missing.append(str(missing))
            return None

    def certificates(self, *names):
        folder = self.folder / "certificates"
        folder.mkdir()
        self.run("certificates", folder, *names, keep=False)
        return folder


def vectors(bench):
    bench.run("vectors")
    if not any("libosmogsm" in s["who"] for s in bench.samples):
        bench.missing.append("built without libosmogsm (tools/packages/install bench, then a new build)")


def store(bench):
    server = bench.postgres()
    bench.run("store_writes", bench.folder, bench.seconds, bench.runs, *([server.url("store")] if server else []))


def diameter(bench):
    certificates = bench.certificates("a.example", "b.example")
    for _ in range(bench.runs):
        bench.run("diameter_round_trips", "codec")
        for under_way in (1, UNDER_WAY):
            bench.run("diameter_round_trips", under_way, bench.seconds)
            bench.run("diameter_round_trips", under_way, bench.seconds, certificates)


def http(bench):
    certificates = bench.certificates(realm.APPLICATION)
    tls = ["--name", realm.APPLICATION, "--authority", certificates / "ca.pem"]
    servers = [
        (KEPT, "symbolon, HTTP server", *bench.fixed(), []),
        (FRESH, "symbolon, HTTP server", *bench.fixed(certificates, realm.APPLICATION), tls),
    ]
    try:
        nginx, plain, encrypted = realm.start_nginx(bench, certificates, realm.APPLICATION)
        servers += [(KEPT, "nginx", nginx, plain, []), (FRESH, "nginx", nginx, encrypted, tls)]
    except Missing as missing:
        bench.missing.append(str(missing))
    for _ in range(bench.runs):
        for work, who, process, address, more in servers:
            bench.load("load_http", work, who, address, ["--watch", f"server={process.pid}"], *more)


def run_bootstraps(bench, nodes, who, tls, *watch):
    work, listener = ("bootstrap, new TLS 1.3 connection each", "rp_c") if tls else ("bootstrap, plain HTTP", "rp_c_plain")
    bench.load("load_bootstrap", work, who, nodes.ready["authn"][listener],
               [*nodes.watch("authn", "authz"), *watch], "--name", realm.AUTHN, "--devices", DEVICES,
               *(["--authority", nodes.authority] if tls else []))


def bootstrap(bench):
    nodes = bench.until_the_end.enter_context(Realm(bench.build, bench.folder))
    nodes.provision(DEVICES)
    for _ in range(bench.runs):
        run_bootstraps(bench, nodes, "symbolon, authn and authz", False)
        run_bootstraps(bench, nodes, "symbolon, authn and authz", True)


def bootstrap_postgres(bench):
    """The nodes' CPU time alone, to be compared, and then with the server's processes that they use."""
    server = bench.postgres("authz", "authn")
    if not server:
        return
    nodes = bench.until_the_end.enter_context(Realm(bench.build, bench.folder, store=server.url))
    nodes.provision(DEVICES)
    watch = [word for name in ("authz", "authn") for word in ("--watch", f"{name}-db={server.writer(name)}")]
    for _ in range(bench.runs):
        run_bootstraps(bench, nodes, "symbolon, on PostgreSQL", False)
        run_bootstraps(bench, nodes, "symbolon, and its PostgreSQL", False, *watch)


def make_own_keys(bench, nodes):
    """Devices with a key pair each, registered and permitted; as many as there are under way."""
    folder = bench.folder / "own_keys"
    folder.mkdir()
    api = nodes.api()
    api("POST", "/v1/subscribers", {"id": "bench", "verification": "none", "name": "bench"})
    api("POST", "/v1/asps", {"id": realm.ASP, "name": "bench", "elements": [realm.GATEWAY]})
    api("POST", "/v1/applications", {"id": realm.PUSHED, "asp": realm.ASP, "ua": ["0100000007"], "format": "y3056"})
    for i in range(UNDER_WAY):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                        "2", "-subj", "/CN=device", "-keyout", folder / f"{i}.key", "-out", folder / f"{i}.pem"],
                       check=True, capture_output=True)
        api("POST", "/v1/devices", {"client": realm.client(i), "subscriber": "bench",
                                    "public_key": (folder / f"{i}.pem").read_text()})
        api("PUT", "/v1/grants", {"client": realm.client(i), "application": realm.PUSHED})
    return folder


def own_key(bench):
    """Bootstraps with public keys (10.4, NOTE), each on a new connection, beside such a connection alone."""
    nodes = bench.until_the_end.enter_context(Realm(bench.build, bench.folder))
    folder = make_own_keys(bench, nodes)
    certificates = bench.certificates(realm.APPLICATION)
    bare, address = bench.start("mutual_bare", certificates / f"{realm.APPLICATION}.pem",
                                certificates / f"{realm.APPLICATION}.key")
    for _ in range(bench.runs):
        bench.load("load_own_key", OWN_KEY, "symbolon, authn and authz", nodes.ready["authn"]["rp_c"],
                   nodes.watch("authn", "authz"), "--name", realm.AUTHN, "--authority", nodes.authority, "--tokens", folder)
        bench.load("load_own_key", OWN_KEY, "OpenSSL, bare, answering itself", address, ["--watch", f"server={bare.pid}"],
                   "--name", realm.APPLICATION, "--authority", certificates / "ca.pem", "--tokens", folder, "--tls", "fixed")


def make_tokens(bench, nodes):
    """One bootstrap each; identities and keys, as the devices have them."""
    file = bench.folder / "tokens"
    bench.run("load_bootstrap", "--work", "tokens", "--who", "symbolon", "--address",
              nodes.ready["authn"]["rp_c_plain"], "--name", realm.AUTHN, "--devices", GRANTED, "--clients", 64,
              "--tokens", file, keep=False)
    return file


def rp_d_servers(bench, nodes, backend, tokens, version):
    """The gateway, and who does part of its work: each with the keys of this version of TLS."""
    yield "symbolon, gateway", nodes.nodes["gateway"], nodes.ready["gateway"]["applications"][0]["address"]
    try:
        keys = [line.split() for line in tokens.read_text().splitlines()]
        yield "stunnel", *realm.start_stunnel(bench, keys, backend, version)
    except Missing as missing:
        bench.missing.append(str(missing))
    more = ["1.2"] if version == "1.2" else []
    yield "OpenSSL, bare, answering itself", *bench.start("psk_bare", tokens, *more)


def run_rp_d(bench, nodes, tokens):
    bench.load("load_rp_d", RP_D, "symbolon, gateway", nodes.ready["gateway"]["applications"][0]["address"],
               nodes.watch("gateway"), "--name", realm.APPLICATION, "--tokens", tokens, "--devices", GRANTED)


def rp_d(bench):
    _, backend = bench.fixed()
    nodes = bench.until_the_end.enter_context(Realm(bench.build, bench.folder, backend))
    nodes.provision(GRANTED, GRANTED)
    tokens = make_tokens(bench, nodes)
    servers = [(work, version, file, server)
               for work, version, file in ((RP_D, "1.3", tokens), (RP_D_12, "1.2", tokens.with_name("tokens.ccac")))
               for server in rp_d_servers(bench, nodes, backend, file, version)]
    for _ in range(bench.runs):
        for work, version, file, (who, process, address) in servers:
            bench.load("load_rp_d", work, who, address, ["--watch", f"server={process.pid}"],
                       "--name", realm.APPLICATION, "--tokens", file, "--devices", GRANTED, "--tls", version)


def rp_a(bench):
    """Pulls of one element over both carriers, each with its question about permission; and what HTTPS alone costs."""
    nodes = bench.until_the_end.enter_context(Realm(bench.build, bench.folder))
    nodes.provision(GRANTED, GRANTED)
    tokens = make_tokens(bench, nodes)
    certificates = bench.certificates(realm.APPLICATION)
    own = [nodes.watch("authn", "authz"), "--name", realm.AUTHN, "--authority", nodes.folder / "nodes"]
    servers = [("symbolon, RP_A over Diameter", nodes.ready["authn"]["rp_a"], "diameter", *own),
               ("symbolon, RP_A over HTTPS", nodes.ready["authn"]["rp_a_https"], "https", *own)]
    try:
        nginx, _, encrypted = realm.start_nginx(bench, certificates, realm.APPLICATION)
        servers.append(("nginx, a fixed answer", encrypted, "fixed", ["--watch", f"server={nginx.pid}"],
                        "--name", realm.APPLICATION, "--authority", certificates))
    except Missing as missing:
        bench.missing.append(str(missing))
    for _ in range(bench.runs):
        for who, address, how, watch, *more in servers:
            bench.load("load_rp_a", RP_A, who, address, watch, "--tokens", tokens, "--tls", how, *more)


def make_devices(bench, nodes):
    """With secure elements of their own, and a permission for an application whose tokens are pushed."""
    api = nodes.api()
    api("POST", "/v1/applications", {"id": realm.PUSHED, "asp": realm.ASP, "ua": ["0100000007"], "format": "y3056"})
    folders = []
    for i in range(PUSHES):
        api("PUT", "/v1/grants", {"client": realm.client(i), "application": realm.PUSHED})
        folders.append(bench.folder / f"device{i}")
        nodes.device("init", "--dir", folders[i], "--client", realm.client(i), "--node", realm.AUTHN, "--ca",
                     nodes.authority, "--address", nodes.ready["authn"]["rp_c"], "--key-file", "-",
                     given=json.dumps({"algorithm": "milenage", **realm.key(i), "amf": "8000"}))
    return folders


def acknowledged(nodes, before):
    lines = nodes.log("authn", "rp_a.acknowledged")[before:]
    return lines if len(lines) >= PUSHES else None


def push(bench):
    """From the push of a token to its acknowledgement, which a device waits for: as authn's log has it."""
    nodes = bench.until_the_end.enter_context(Realm(bench.build, bench.folder, level="debug"))
    nodes.provision(PUSHES)
    folders = make_devices(bench, nodes)
    for _ in range(bench.runs):
        for carrier in ("Diameter", "HTTPS"):
            with nodes.element(carrier):
                before = len(nodes.log("authn", "rp_a.acknowledged"))
                for folder in folders:
                    nodes.device("bootstrap", "--app", realm.PUSHED, "--dir", folder)
                # A device does not wait for one that takes longer than rp_a.push_wait.
                lines = nodes.nodes["authn"].wait_for("not all were acknowledged", lambda: acknowledged(nodes, before))
            times = sorted(line["us"] for line in lines)
            bench.samples.append({"work": PUSH, "who": f"symbolon, RP_A over {carrier}", "count": len(times),
                                  "seconds": sum(times) / 1e6, "cpu": {}, "p50_us": times[len(times) // 2],
                                  "p99_us": times[-1]})


def registry_status(bench):
    """Whether a device is trusted, in a word, for those with a certificate: asked again and again about few, and once about any."""
    hot = 1000
    for count in [n for n in (100_000 if bench.quick else 1_000_000, 10_000_000 if bench.large else 0) if n]:
        with registry.Registry(bench, count, f"registry{count}") as node:
            try:
                nginx, address = registry.start_peer(bench, node)
            except Missing as missing:
                bench.missing.append(str(missing))
                nginx = None
            for _ in range(bench.runs):
                registry.load(bench, node, STATUS, f"symbolon, from memory of {count:,}", "standing", hot, "--tokens", node.folder)
                registry.load(bench, node, STATUS, f"symbolon, from a store of {count:,}", "standing", count, "--tokens",
                              node.folder)
                if nginx:
                    bench.run("load_registry", "--work", STATUS, "--who", "nginx, a fixed answer", "--address", address, "--name",
                              registry.HOST, "--authority", node.authority, "--tls", "fixed", "--devices", 1, "--clients",
                              UNDER_WAY, "--seconds", bench.seconds, "--warm-up", min(WARM_UP, bench.seconds), "--watch",
                              f"server={nginx.pid}")


def enquiring(bench):
    """A registry of 1,000 devices that a party may ask."""
    node = bench.until_the_end.enter_context(registry.Registry(bench, 1000))
    said = node.command("enrol", "--party-key", node.folder / "party.pem", "--name", "Bench", "--contact", "bench@example",
                        "--purpose", "benchmark", over_https=True)
    node.command("approve", said.split(":")[0], "--reason", "benchmark")
    return node


def run_enquiries(bench, node):
    registry.load(bench, node, SIGNED, "symbolon", "signed", 1000, "--tokens", node.folder)


def registry_signed(bench):
    """An enquirer's question: the challenge, its signature verified, the answer signed; 1,000 devices."""
    node = enquiring(bench)
    for _ in range(bench.runs):
        run_enquiries(bench, node)


def run_registrations(bench, nodes, name, work, who, tokens, *more):
    bench.run("load_registration", "--work", work, "--who", who, "--address", nodes.ready[name]["rp_d"], "--name", realm.APPLICATION,
              "--tokens", tokens, "--devices", GRANTED, "--clients", UNDER_WAY, "--authority", bench.folder,
              "--watch", f"registry={nodes.nodes[name].pid}", *more)


def registry_registration(bench):
    """Devices register with their maker's certificate, each on a TLS connection of its own: two nonces, register and acknowledge, det,
    report; durable. And such a connection with one nonce alone. Each with a token that is pulled, and with one that is known."""
    nodes = bench.until_the_end.enter_context(Realm(bench.build, bench.folder))
    nodes.provision(GRANTED, GRANTED)
    tokens = make_tokens(bench, nodes)
    registry.make_maker(bench.folder)
    for i in range(bench.runs):
        with registry.in_realm(nodes, 2 * i) as name:
            run_registrations(bench, nodes, name, REGISTRATION, "symbolon, the token pulled", tokens)
        with registry.in_realm(nodes, 2 * i + 1) as name:
            run_registrations(bench, nodes, name, VISIT, "symbolon, the token pulled", tokens, "--tls", "nonce")
            run_registrations(bench, nodes, name, VISIT, "symbolon, the token known", tokens, "--tls", "nonce")
            run_registrations(bench, nodes, name, REGISTRATION, "symbolon, the token known", tokens)


def registry_import(bench):
    """Pre-registrations in NDJSON, each checked, durable; requests of 1,000 rows, one after the other, in one and in four batches."""
    count = 20_000 if bench.quick else 200_000
    for i in range(bench.runs):
        for batches in (1, 4):
            with registry.Registry(bench, 0, f"registry{i}.{batches}") as node:
                before, began = node.cpu(), time.monotonic()
                with concurrent.futures.ThreadPoolExecutor(batches) as threads:
                    list(threads.map(node.bring, range(batches), [count // batches] * batches))
                bench.samples.append({"work": IMPORT, "who": f"symbolon, {batches} at once", "count": count,
                                      "seconds": time.monotonic() - began, "cpu": {"registry": node.cpu() - before}})


def registry_growth(bench):
    """How long a start with so many devices takes, lists and all; how large they are; what a device costs in memory and on disk."""
    counts = [10_000, 100_000] if bench.quick else [10_000, 100_000, 1_000_000] + [10_000_000] * bench.large
    for count in counts:
        with registry.Registry(bench, 0, f"registry{count}") as node:
            memory, disk = node.resident(), node.on_disk()
            node.stop()
            node.count = count
            node.fill()
            seconds = node.start()
            lists, _ = node.ask("/v1/status-lists")
            size = sum(len(node.ask(f"/v1/status-lists/{i}", "-H", "Accept: application/statuslist+jwt")[0])
                       for i in range(len(json.loads(lists)["status_lists"])))
            bench.samples.append({"work": GROWTH, "who": f"symbolon, {count:,} devices", "count": count, "seconds": seconds,
                                  "cpu": {"registry": node.cpu()}, "more": {
                                      "list bytes": size, "memory a device": (node.resident() - memory) // count,
                                      "disk a device": (node.on_disk() - disk) // count}})



def registry_sync(bench):
    """From an event in a primary registry's log to the same in the geographical one's, over two streams, and a third to who looks."""
    with hierarchy.Hierarchy(bench) as nodes:
        for _ in range(bench.runs):
            for rate in (100, 1000, 0):
                nodes.load(SYNC, f"symbolon, {rate:,} a second" if rate else "symbolon, as many as hold", rate, bench.seconds,
                           min(WARM_UP, bench.seconds))


ROWS = {"vectors": vectors, "store": store, "diameter": diameter, "http": http, "bootstrap": bootstrap,
        "bootstrap_postgres": bootstrap_postgres, "own_key": own_key, "rp_d": rp_d, "rp_a": rp_a, "push": push,
        "registry_status": registry_status, "registry_signed": registry_signed, "registry_import": registry_import,
        "registry_registration": registry_registration,
        "registry_growth": registry_growth, "registry_sync": registry_sync}
