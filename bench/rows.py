# SPDX-License-Identifier: Apache-2.0
"""The rows: what is run for each, and what we aim at."""
import json
import subprocess

import realm
from realm import Failed, Missing, Process, Realm

# Per CPU-second of our own processes together.
AIMS = {
    "bootstrap, plain HTTP": 10000,
    "bootstrap, new TLS 1.3 connection each": 3500,
    "RP_D: new TLS 1.3 PSK connection, GET": 5000,
}
WARM_UP = 0.5
DEVICES, GRANTED = 2000, 500
UNDER_WAY = 128


class Bench:
    """What a row is given, and where it leaves its samples."""

    def __init__(self, build, folder, runs, seconds):
        self.build, self.folder, self.runs, self.seconds = build, folder, runs, seconds
        self.samples, self.missing = [], []

    def program(self, name):
        return self.build / "bench" / name

    def run(self, name, *arguments, keep=True):
        """Runs one of ours; each line of JSON is a sample."""
        done = subprocess.run([self.program(name), *map(str, arguments)], capture_output=True, text=True, check=False,
                              timeout=600)
        if done.returncode != 0:
            raise Failed(f"{name}: {done.stderr.strip()[-600:]}")
        if keep:
            self.samples += [json.loads(line) for line in done.stdout.splitlines()]

    def load(self, name, work, who, address, watch, *more):
        self.run(name, "--work", work, "--who", who, "--address", address, "--clients", UNDER_WAY,
                 "--seconds", self.seconds, "--warm-up", min(WARM_UP, self.seconds), *watch, *more)

    def fixed(self):
        return Process([self.program("http_fixed"), "127.0.0.1:0"], self.folder / "http_fixed.log")


def vectors(bench):
    bench.run("vectors")
    if not any("libosmogsm" in s["who"] for s in bench.samples):
        bench.missing.append("built without libosmogsm (tools/packages/install bench, then a new build)")


def store(bench):
    bench.run("store_writes", bench.folder, bench.seconds, bench.runs)


def diameter(bench):
    certificates = bench.folder / "certificates"
    certificates.mkdir()
    bench.run("certificates", certificates, "a.example", "b.example", keep=False)
    for _ in range(bench.runs):
        bench.run("diameter_round_trips", "codec")
        for under_way in (1, UNDER_WAY):
            bench.run("diameter_round_trips", under_way, bench.seconds)
            bench.run("diameter_round_trips", under_way, bench.seconds, certificates)


def http(bench):
    work = "HTTP GET, connection kept"
    try:
        nginx, nginx_address = realm.start_nginx(bench.folder)
    except Missing as missing:
        bench.missing.append(str(missing))
        nginx = None
    with bench.fixed() as ours:
        address = ours.first_line()
        for _ in range(bench.runs):
            bench.load("load_http", work, "symbolon, HTTP server", address, ["--watch", f"server={ours.pid}"])
            if nginx:
                bench.load("load_http", work, "nginx", nginx_address, ["--watch", f"nginx={nginx.pid}"])
    if nginx:
        nginx.__exit__()


def bootstrap(bench):
    common = ["--name", realm.AUTHN, "--devices", DEVICES]
    with Realm(bench.build, bench.folder) as nodes:
        nodes.provision(DEVICES)
        watch = nodes.watch("authn", "authz")
        for _ in range(bench.runs):
            bench.load("load_bootstrap", "bootstrap, plain HTTP", "symbolon, authn and authz",
                       nodes.ready["authn"]["rp_c_plain"], watch, *common)
            bench.load("load_bootstrap", "bootstrap, new TLS 1.3 connection each", "symbolon, authn and authz",
                       nodes.ready["authn"]["rp_c"], watch, *common, "--authority", nodes.authority)


def make_tokens(bench, nodes):
    """One bootstrap each; identities and keys, as the devices have them."""
    file = bench.folder / "tokens"
    bench.run("load_bootstrap", "--work", "tokens", "--who", "symbolon", "--address",
              nodes.ready["authn"]["rp_c_plain"], "--name", realm.AUTHN, "--devices", GRANTED, "--clients", 64,
              "--tokens", file, keep=False)
    return file


def rp_d(bench):
    work = "RP_D: new TLS 1.3 PSK connection, GET"
    with bench.fixed() as backend, Realm(bench.build, bench.folder, backend.first_line()) as nodes:
        nodes.provision(GRANTED, GRANTED)
        tokens = make_tokens(bench, nodes)
        servers = [("symbolon, gateway", nodes.nodes["gateway"], nodes.ready["gateway"]["applications"][0]["address"])]
        bare = Process([bench.program("psk_bare"), tokens], bench.folder / "psk_bare.log")
        try:
            stunnel = realm.start_stunnel(bench.folder, [line.split() for line in open(tokens)], backend.first_line())
            servers.append(("stunnel", *stunnel))
        except Missing as missing:
            bench.missing.append(str(missing))
        servers.append(("OpenSSL, bare, answering itself", bare, bare.first_line()))
        try:
            for _ in range(bench.runs):
                for who, process, address in servers:
                    bench.load("load_rp_d", work, who, address, ["--watch", f"server={process.pid}"],
                               "--name", realm.APPLICATION, "--tokens", tokens, "--devices", GRANTED)
        finally:
            for _, process, _ in servers[1:]:
                process.__exit__()


ROWS = {"vectors": vectors, "store": store, "diameter": diameter, "http": http, "bootstrap": bootstrap, "rp_d": rp_d}
