"""The kinds of attack. Each is a function of a world; it raises `Fault` if something does not hold."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import threading
import time
from email import message_from_bytes
from pathlib import Path

from mutate import mutated
from world import Fault, World, expect, is_whole

# How long a run takes about: a moment is drawn from this.
IMPORT, UNDO, EXPORT = 2.5, 1.2, 1.0
SIGNALS = [signal.SIGINT, signal.SIGTERM]
FILES = ["accounts.csv", "users.csv"]
LINKED = "what others keep"


def moment(world: World, most: float) -> float:
    """A random moment, an early one as often as a late one."""
    return most * world.random.random() ** 1.5


def with_inputs(world: World, which: str) -> list[str]:
    """Puts the files of a delivery into the folder; `which` is `first` or `next`."""
    for name in FILES:
        shutil.copy(world.folder.parent / "inputs" / which / name, world.folder / name)
    return FILES


def delivery(world: World) -> list[str]:
    """A database, empty or filled, and the files that are imported next."""
    template, which = world.random.choice([("empty", "first"), ("filled", "next")])
    world.with_database(template)
    return with_inputs(world, which)


def is_settled(world: World, before: tuple[str, int], code: int, out: Path, killed: bool) -> None:
    """After an attempt: everything of it is there, or nothing; and it can be done again."""
    summary = is_whole(out, killed)
    tables, runs = world.tables(), world.runs()
    committed = runs > before[1]
    if not committed:
        expect(tables == before[0], "the tables changed, and the journal has no run")
    if code in (1, 2, 4, 130):
        expect(not committed, f"exit code {code}, but it is committed")
    if code in (0, 3):
        expect(committed, f"exit code {code}, but the journal has no run")
        expect(summary is not None and summary["status"] == "committed", "no summary of what is committed")
    if summary is not None and summary["status"] == "committed":
        found = world.sql(f"SELECT count(*) FROM muster.runs WHERE id = '{summary['run']}'")
        expect(found == "1", "the summary's run is not in the journal")


def done_again(world: World, files: list[str]) -> None:
    """The same import without a disturbance ends as if there had been none."""
    world.run("import", *files, "--out", "again").among(0, 3)
    values = world.values()
    is_whole(world.folder / "again", killed=False)
    reference = "reference_next" if world.sql("SELECT count(*) FROM accounts WHERE legacy_id = 'NEXT'") == "1" else ""
    expected = world.server.sql(f"SELECT found FROM {reference or 'reference_first'}", "expected")
    expect(values == expected, "the tables differ from those of an undisturbed import")


def killed_import(world: World) -> None:
    """SIGKILL at a random moment of an import."""
    files = delivery(world)
    before = (world.tables(), world.runs())
    running = world.start("import", *files, "--out", "out")
    running.after(moment(world, IMPORT))
    running.send(signal.SIGKILL)
    is_settled(world, before, running.end().code, world.folder / "out", killed=True)
    done_again(world, files)


def killed_at_a_point(world: World) -> None:
    """An import that kills itself at one of its named points."""
    files = delivery(world)
    before = (world.tables(), world.runs())
    point = world.random.choice(world.points)
    armed = {"MUSTER_TEST_POINT": point, "MUSTER_TEST_ACT": "kill", "MUSTER_TEST_FOLDER": str(world.folder)}
    running = world.start("import", *files, "--out", "out", environment=armed)
    world.log.append(f"    kills itself at {point}")
    running.killed = True
    code = running.end().code
    (world.folder / "reached").unlink(missing_ok=True)
    is_settled(world, before, code, world.folder / "out", killed=code < 0)
    done_again(world, files)


def signalled_import(world: World) -> None:
    """SIGINT or SIGTERM, once or twice, at random moments of an import."""
    files = delivery(world)
    before = (world.tables(), world.runs())
    running = world.start("import", *files, "--out", "out")
    running.after(moment(world, IMPORT))
    running.send(world.random.choice(SIGNALS))
    if world.random.random() < 0.3:
        time.sleep(world.random.random() / 4)
        running.send(world.random.choice(SIGNALS))
    # A signal before the program listens ends it as the system does.
    running.killed = True
    ended = end_of_signalled(running)
    if ended >= 0:
        ended in (0, 3, 5, 130) or expect(False, f"exit code {ended} after a signal")
    is_settled(world, before, ended, world.folder / "out", killed=ended < 0)
    done_again(world, files)


def end_of_signalled(running) -> int:
    """The exit code of a program that got a signal; it ends soon after."""
    try:
        return running.end(20).code
    except Fault as fault:
        if str(fault) in ("exit code -2", "exit code -15"):
            return running.process.returncode
        raise


def interrupted_undo(world: World) -> None:
    """A kill or a signal at a random moment of an undo."""
    world.with_database("filled")
    files = with_inputs(world, "next")
    first = world.tables()
    world.run("import", *files, "--out", "out").among(0, 3)
    run = world.sql("SELECT id FROM muster.runs ORDER BY started DESC LIMIT 1")
    before = (world.tables(), world.runs())
    running = world.start("undo", run, "--yes")
    running.after(moment(world, UNDO))
    running.send(world.random.choice([signal.SIGKILL, *SIGNALS]))
    running.killed = True
    code = end_of_signalled(running)
    undone = world.runs() > before[1]
    expect(undone or world.tables() == before[0], "half an undo")
    expect(not undone or code not in (1, 4, 130), f"exit code {code}, but it is undone")
    if not undone:
        world.run("undo", run, "--yes").among(0)
    counts = "SELECT count(*) FROM accounts UNION ALL SELECT count(*) FROM users"
    expect(world.sql(counts) == world.server.sql(counts, "filled"), "the undo does not lead back")
    expect(first != before[0], "the import changed nothing")


def interrupted_export(world: World) -> None:
    """A kill or a signal at a random moment of an export."""
    world.with_database("filled")
    form = world.random.choice(["csv", "ndjson", "parquet"])
    line = ["export", "--out", "copy", "--format", form]
    running = world.start(*line)
    running.after(moment(world, EXPORT))
    running.send(world.random.choice([signal.SIGKILL, *SIGNALS]))
    running.killed = True
    code = end_of_signalled(running)
    whole = (world.folder / "copy" / "manifest.json").exists()
    expect(whole or code != 0, "no manifest, and exit code 0")
    if whole:
        world.run("verify", "copy", "--against-database").among(0)
    elif code == 130:
        expect(not (world.folder / "copy").exists(), "an interrupted export leaves its folder")
    world.run(*line).among(0)
    world.run("verify", "copy", "--against-database").among(0)


def cut_connection(world: World) -> None:
    """A way to the server that is cut after a random number of bytes, or after a random time."""
    files = delivery(world)
    before = (world.tables(), world.runs())
    with Cut(world) as cut:
        ended = world.start("import", *files, "--out", "out", url=cut.url).end()
    world.log.append(f"    cut: {cut.how}")
    expect(ended.code in (0, 1, 3, 5), f"exit code {ended.code} after a cut")
    deadline = time.monotonic() + 10
    # The server may still be at work on what it has got.
    busy = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'attacked' AND pid <> pg_backend_pid()"
    while world.sql(busy) != "0" and time.monotonic() < deadline:
        time.sleep(0.05)
    is_settled(world, before, ended.code, world.folder / "out", killed=ended.code == 5)
    done_again(world, files)


class Cut:
    """A Unix socket that leads to the server until it is cut."""

    def __init__(self, world: World) -> None:
        self.folder = world.folder / "way"
        self.folder.mkdir()
        self.server = world.server.folder / ".s.PGSQL.5432"
        self.bytes = world.random.choice([None, int(2 ** (world.random.random() * 22))])
        self.seconds = moment(world, IMPORT)
        self.how = f"{self.bytes} bytes" if self.bytes is not None else f"{self.seconds:.3f} s"
        # Whether the way is open again for those who come later.
        self.again = world.random.random() < 0.5
        self.url = f"host={self.folder} user=muster dbname=attacked"
        self.passed, self.is_cut, self.pairs, self.lock = 0, False, [], threading.Lock()

    def __enter__(self) -> Cut:
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.folder / ".s.PGSQL.5432"))
        self.listener.listen()
        threading.Thread(target=self.accept, daemon=True).start()
        if self.bytes is None:
            self.timer = threading.Timer(self.seconds, self.cut)
            self.timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.bytes is None:
            self.timer.cancel()
        self.again = False
        self.cut()
        self.listener.close()

    def accept(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            if self.is_cut and not self.again:
                client.close()
                continue
            server = socket.socket(socket.AF_UNIX)
            server.connect(str(self.server))
            with self.lock:
                self.pairs.append((client, server))
            for source, target in ((client, server), (server, client)):
                threading.Thread(target=self.pass_on, args=(source, target), daemon=True).start()

    def pass_on(self, source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                if self.bytes is not None and not self.is_cut:
                    left = self.bytes - self.passed
                    self.passed += len(data)
                    if left < len(data):
                        target.sendall(data[: max(left, 0)])
                        self.cut()
                        return
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def cut(self) -> None:
        self.is_cut = True
        with self.lock:
            pairs, self.pairs = self.pairs, []
        for one in (side for pair in pairs for side in pair):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            one.close()


def damaged_input(world: World) -> None:
    """A damaged Parquet file, workbook, compressed or plain file: checked, and imported into a filled database."""
    source = world.random.choice(sorted((world.folder.parent / "inputs" / "damaged").iterdir()))
    data = mutated(world.random, source.read_bytes(), source.suffix)
    entity = source.name.split(".")[0]
    (world.folder / source.name).write_bytes(data)
    named = f"{entity}={source.name}"
    ended = world.run("check", named, "--out", "checked", "--max-rejects", "100%").among(0, 1, 3)
    summary = is_whole(world.folder / "checked", killed=False)
    expect(summary is not None or ended.code == 1, "no summary")
    if entity != "accounts" or world.random.random() < 0.7:
        return
    world.with_database("filled")
    before = (world.tables(), world.runs())
    ended = world.run("import", named, "--out", "out", "--max-rejects", "100%").among(0, 1, 3)
    is_settled(world, before, ended.code, world.folder / "out", killed=False)


def damaged_export(world: World) -> None:
    """An export whose manifest or files were damaged, verified and compared with."""
    world.with_database("filled")
    shutil.copytree(world.folder.parent / "inputs" / "copy", world.folder / "copy")
    keep = world.folder / "others"
    keep.mkdir()
    for name in ("users.csv", "manifest.json", "summary.json"):
        (keep / name).write_text(LINKED)
    name = world.random.choice(["manifest.json", "manifest.json", "manifest.json", "users.csv"])
    path = world.folder / "copy" / name
    path.write_bytes(mutated(world.random, path.read_bytes(), path.suffix))
    world.run("verify", "copy").among(0, 1, 3)
    world.run("export", "--out", "fresh", "--changes-since", "copy").among(0, 1, 3)
    if (world.folder / "fresh" / "manifest.json").exists():
        world.run("verify", "fresh").among(0)
    untouched(keep)


def damaged_run(world: World) -> None:
    """A run's folder whose summary or findings were damaged: looked into, and used for the next run."""
    shutil.copytree(world.folder.parent / "inputs" / "run", world.folder / "out")
    with_inputs(world, "first")
    keep = world.folder / "others"
    keep.mkdir()
    for name in ("users.rejected.csv", "rejects.ndjson", "summary.json"):
        (keep / name).write_text(LINKED)
    path = world.folder / "out" / world.random.choice(["summary.json", "summary.json", "rejects.ndjson"])
    path.write_bytes(mutated(world.random, path.read_bytes(), path.suffix))
    for options in ([], ["--json"], ["--show", "3"], ["--format", "csv"]):
        world.run("rejects", "out", *options).among(0, 1, 2)
    ended = world.run("check", *FILES, "--out", "out").among(0, 1, 3)
    if ended.code != 1:
        is_whole(world.folder / "out", killed=False)
    untouched(keep)


def untouched(keep: Path) -> None:
    """What others keep beside is as it was."""
    for path in keep.iterdir():
        expect(path.read_text() == LINKED, f"{path.name} of another folder was changed")
    expect(len(list(keep.iterdir())) == 3, "a file of another folder is gone")


def damaged_schema(world: World) -> None:
    """A damaged schema file: checked, made into SQL, and used."""
    shutil.copytree(world.folder.parent / "inputs" / "schemas", world.folder / "schemas")
    with_inputs(world, "first")
    path = world.random.choice(sorted((world.folder / "schemas").iterdir()))
    path.write_bytes(mutated(world.random, path.read_bytes(), path.suffix))
    sound = world.run("schema", "check", "--schemas", "schemas").among(0, 1).code == 0
    world.run("schema", "ddl", "--schemas", "schemas").among(0, 1)
    files = [f"accounts={FILES[0]}", f"users={FILES[1]}"]
    ended = world.run("check", *files, "--schemas", "schemas", "--out", "out").among(0, 1, 2, 3, 4)
    expect(sound or path.name == "roles.toml" or ended.code in (1, 2), "a broken schema was used")
    is_whole(world.folder / "out", killed=False)


def interrupted_invites(world: World) -> None:
    """Kills and signals while mails are written: everybody has one, nobody two."""
    world.with_database("filled")
    line = ["user", "invite", "--account", "A1", "--to-dir", "mails", "--yes", "--settle", "0s"]
    line += ["--from", "no-reply@example.nl", "--link", "https://app.example.nl/join/{token}"]
    for _ in range(world.random.randint(1, 3)):
        running = world.start(*line)
        running.after(moment(world, EXPORT))
        running.send(world.random.choice([signal.SIGKILL, *SIGNALS]))
        running.killed = True
        end_of_signalled(running)
    world.run(*line).among(0)
    mails = world.folder / "mails"
    expect(not [path for path in mails.iterdir() if path.suffix != ".eml"], "half a mail is left")
    to = sorted(message_from_bytes(path.read_bytes())["To"] for path in mails.iterdir())
    wanted = world.sql("SELECT count(*) FROM users u JOIN accounts a ON a.id = u.account_id WHERE a.legacy_id = 'A1'")
    expect(len(set(to)) == len(to), "somebody has two mails")
    expect(len(to) == int(wanted), f"{len(to)} mails for {wanted} people")
    for path in mails.iterdir():
        expect(os.stat(path).st_mode & 0o777 == 0o600, "a mail can be read by others")


KINDS = [
    killed_import,
    killed_at_a_point,
    signalled_import,
    interrupted_undo,
    interrupted_export,
    cut_connection,
    interrupted_invites,
    # The quick ones come more often.
    *[damaged_input] * 6,
    *[damaged_export] * 3,
    *[damaged_run] * 3,
    *[damaged_schema] * 3,
]
