"""What an attack is made on: a server, a database for each case, and the program; and what must hold after every run.

The contract of the program is in the checks here: its exit codes, no panic, nothing that steers a terminal, no
half-written file, counts that add up, and tables that are as they were unless the run was committed.
"""

from __future__ import annotations

import json
import os
import random
import re
import resource
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benches"))

from server import Server  # noqa: E402 (the path is set above)

EXITS = {0, 1, 2, 3, 4, 5, 130}
# A program that is not done by then hangs. Debug builds on a busy machine are slow.
LIMIT = 120
# How long after a signal.
GRACE = 20
MEMORY = 4 << 30
TALK = re.compile(r"panicked at|stack backtrace|RUST_BACKTRACE|report this as a bug|index out of bounds|unwrap\(\)")
STEERS = re.compile("[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]|\r(?!\n)")
TABLES = """
SELECT md5(coalesce(string_agg(t::text, E'\\n' ORDER BY t.id), '')) FROM accounts t;
SELECT md5(coalesce(string_agg(t::text, E'\\n' ORDER BY t.id), '')) FROM users t;
"""
# What two imports of the same files must agree in: identifiers and times are each one's own.
VALUES = """
SELECT md5(coalesce(string_agg((to_jsonb(t) - '{id,created_at,updated_at}'::text[])::text, E'\\n'
       ORDER BY t.legacy_id), '')) FROM accounts t;
SELECT md5(coalesce(string_agg((to_jsonb(t) - '{id,account_id,created_at,updated_at}'::text[])::text || a.legacy_id,
       E'\\n' ORDER BY t.email), '')) FROM users t JOIN accounts a ON a.id = t.account_id;
"""


class Fault(Exception):
    """Something that must hold does not."""


def expect(holds: bool, what: str) -> None:
    """Ends the case unless `holds`."""
    if not holds:
        raise Fault(what)


@dataclass
class Ended:
    """A run of the program that came to its end."""

    line: list[str]
    code: int
    out: str
    err: str

    def among(self, *codes: int) -> Ended:
        """Only these exit codes are right here."""
        expect(self.code in codes, f"exit code {self.code}, not one of {codes}")
        return self


class World:
    """One case: its folder, its random numbers, its database if it asks for one."""

    def __init__(self, server: Server, muster: Path, folder: Path, seed: str) -> None:
        self.server, self.muster, self.folder = server, muster, folder
        self.random = random.Random(seed)
        self.database = ""
        self.log: list[str] = []

    def with_database(self, template: str) -> None:
        """Makes the case's database, as `template` is."""
        self.database = "attacked"
        self.server.sql(f"DROP DATABASE IF EXISTS attacked WITH (FORCE)")
        self.server.sql(f"CREATE DATABASE attacked TEMPLATE {template}")

    def sql(self, text: str) -> str:
        """Asks the case's database."""
        return self.server.sql(text, self.database)

    def tables(self) -> str:
        """All that the tables hold."""
        return self.sql(TABLES)

    def values(self) -> str:
        """What the tables hold but for identifiers and times."""
        return self.sql(VALUES)

    def runs(self) -> int:
        """How many runs the journal has."""
        return int(self.sql("SELECT count(*) FROM muster.runs"))

    def start(self, *line: str, url: str = "", environment: dict[str, str] | None = None) -> Running:
        """Starts the program in the case's folder."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PG", "MUSTER_", "POSTMARK", "XDG_", "DATABASE_URL"))
        }
        kept.update({"HOME": str(self.folder), "MUSTER_STATE_DIR": str(self.folder / "state"), "RUST_BACKTRACE": "1"})
        if self.database:
            kept["DATABASE_URL"] = url or self.server.url(self.database)
        else:
            # No case starts the private server.
            kept["MUSTER_PG_BIN"] = "/nowhere"
        kept.update(environment or {})
        return Running(self, [str(self.muster), *line], kept)

    def run(self, *line: str, url: str = "", environment: dict[str, str] | None = None) -> Ended:
        """Runs the program to its end."""
        return self.start(*line, url=url, environment=environment).end()


class Running:
    """The program while it runs."""

    def __init__(self, world: World, line: list[str], environment: dict[str, str]) -> None:
        self.world, self.line = world, line
        self.killed = False
        # Files, and no pipes: nothing has to be read while the program is attacked.
        number = len(world.log)
        self.paths = [world.folder / f".{number}.{name}" for name in ("out", "err")]
        world.log.append(" ".join(line[1:]))
        with self.paths[0].open("wb") as out, self.paths[1].open("wb") as err:
            self.process = subprocess.Popen(
                line,
                cwd=world.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)),
            )
        self.began = time.monotonic()

    def is_over(self) -> bool:
        """Whether the program has ended."""
        return self.process.poll() is not None

    def after(self, seconds: float) -> None:
        """Waits so long, or until the program ends."""
        until = self.began + seconds
        while not self.is_over() and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, 0.02))

    def send(self, number: signal.Signals) -> None:
        """Sends a signal."""
        self.killed |= number == signal.SIGKILL
        self.world.log.append(f"    {number.name} after {time.monotonic() - self.began:.3f} s")
        if not self.is_over():
            self.process.send_signal(number)

    def end(self, limit: float = LIMIT) -> Ended:
        """Waits for the end, and checks what every run must keep."""
        try:
            code = self.process.wait(limit)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise Fault(f"no end within {limit:.0f} s") from None
        out, err = (path.read_bytes().decode(errors="replace") for path in self.paths)
        for path in self.paths:
            path.unlink()
        self.world.log.append(f"    exit {code}: {err.strip()[:400]}")
        ended = Ended(self.line, code, out, err)
        expect(code in EXITS or (self.killed and code == -signal.SIGKILL), f"exit code {code}")
        for text in (out, err):
            found = TALK.search(text)
            expect(found is None, f"prints `{found and found.group()}`")
            found = STEERS.search(text)
            expect(found is None, f"prints U+{ord(found.group()) if found else 0:04X}")
        return ended


def summary_of(folder: Path) -> dict | None:
    """The summary of a run, if it has one."""
    path = folder / "summary.json"
    return json.loads(path.read_text()) if path.exists() else None


def is_whole(folder: Path, killed: bool) -> dict | None:
    """A run's folder: nothing half-written, counts that add up. Returns its summary."""
    names = sorted(path.name for path in folder.iterdir()) if folder.exists() else []
    summary = summary_of(folder)
    if not killed:
        expect(not any(name.startswith(".") for name in names), f"left behind: {names}")
        expect(summary is not None or not names, f"reports without a summary: {names}")
    if summary is None:
        return None
    for entity in summary["entities"]:
        counts = {name: entity[name] for name in ("read", "accepted", "rejected", "duplicates")}
        expect(entity["read"] == entity["accepted"] + entity["rejected"] + entity["duplicates"], f"{counts}")
        if summary["status"] == "committed":
            done = sum(entity.get(name, 0) for name in ("inserted", "updated", "unchanged", "deleted"))
            expect(entity["accepted"] == done, f"{entity['entity']}: {entity['accepted']} accepted, {done} written")
    with (folder / "rejects.ndjson").open() as findings:
        for line in findings:
            json.loads(line)
    expect(STEERS.search((folder / "summary.json").read_text()) is None, "summary.json steers a terminal")
    return summary
