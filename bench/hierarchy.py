# SPDX-License-Identifier: Apache-2.0
"""A primary, a sectoral and a geographical registry that follow each other, and an observer that joined the last."""
import json
import subprocess

from realm import Failed, Process

LEVELS = [("geo", "IN", "geographical"), ("tel", "IN.TEL", "sectoral"), ("p01", "IN.TEL.P01", "primary")]
OBSERVER, OBSERVER_ID = "bench.example", "IN.OBS"


class Hierarchy:
    """Three processes; killed when we leave the `with`."""

    def __init__(self, bench):
        self.bench, self.folder, self.processes, self.ready = bench, bench.folder / "hierarchy", {}, {}

    def __enter__(self):
        self.folder.mkdir()
        subprocess.run([self.bench.program("certificates"), self.folder, OBSERVER,
                        *(self.host(name) for name, _, _ in LEVELS)], check=True)
        for name, regid, kind in LEVELS:
            self._start(name, regid, kind)
        for child, parent in (("tel", "geo"), ("p01", "tel")):
            self._join(child, parent)
        return self

    def __exit__(self, *_):
        for process in self.processes.values():
            process.__exit__()

    @staticmethod
    def host(name):
        return f"{name}.registry.example"

    def _start(self, name, regid, kind):
        at, ready = self.folder / name, self.folder / f"{name}.ready"
        (self.folder / f"{name}.master").write_text("5b" * 32 + "\n")
        (self.folder / f"{name}.master").chmod(0o600)
        at.with_suffix(".yaml").write_text(f"""node: {{host: {self.host(name)}}}
log: {{level: warn}}
store: {{url: "sqlite:{at}.db"}}
seal: {{master_key: "{at}.master"}}
registry: {{id: {regid}, type: {kind}}}
enquiry: {{enrolments: 0}}
peers: {{approve: below, retry: 50ms, retry_max: 1s}}
api:
  listen: "127.0.0.1:0"
  socket: "{at}.socket"
  certificate: "{self.folder}/{self.host(name)}.pem"
  key: "{self.folder}/{self.host(name)}.key"
  authority: "{self.folder}/ca.pem"
""")
        program = self.bench.build / "src/registry/symbolon-registry"
        self.processes[name] = Process([program, "--config", at.with_suffix(".yaml"), "--ready-file", ready],
                                       self.folder / f"{name}.log")
        self.processes[name].wait_for("not ready", lambda: ready.exists() and ready.read_text())
        self.ready[name] = json.loads(ready.read_text())

    def command(self, name, *words):
        done = subprocess.run([self.bench.build / "src/cli/symbolon", "--socket", self.folder / f"{name}.socket", "registry",
                               *words], capture_output=True, text=True, check=False, timeout=60)
        if done.returncode != 0:
            raise Failed(f"symbolon registry {words[0]}: {done.stderr.strip()[-600:]}")
        return done.stdout

    def _join(self, child, parent):
        ids = {name: regid for name, regid, _ in LEVELS}
        self.command(child, "join", ids[parent], "--url", f"https://{self.host(parent)}", "--address",
                     self.ready[parent]["api"])
        for here, there in ((child, parent), (parent, child)):
            self.processes[here].wait_for("not followed", lambda here=here, there=there: any(
                peer["id"] == ids[there] and peer["connected"]
                for peer in json.loads(self.command(here, "peers", "--json"))["items"]))

    def load(self, work, who, rate, seconds, warm_up):
        watch = [word for name, process in self.processes.items() for word in ("--watch", f"{name}={process.pid}")]
        self.bench.run("load_registry_sync", "--work", work, "--who", who, "--socket", self.folder / "p01.socket", "--address",
                       self.ready["geo"]["api"], "--name", self.host("geo"), "--files", self.folder / OBSERVER, "--id",
                       OBSERVER_ID, "--origin", "IN.TEL.P01", "--rate", rate, "--seconds", seconds, "--warm-up", warm_up, *watch)
