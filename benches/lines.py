"""The lines of the benchmark: what muster does, what it is compared with, and how we know that either has worked."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import inputs
from inputs import ROOT, WORK, Inputs, Size
from measure import Command
from server import Server

HERE = Path(__file__).resolve().parent
TABLES = ("accounts", "users")


@dataclass
class Line:
    """One comparison."""

    name: str
    ours_is: str
    theirs_is: str
    target: str
    ours: Command
    theirs: Command
    rows: float = 1.0
    """Rows of ours by rows of theirs, where these differ: the ratio is then one of the times per row."""
    pairs: int | None = None
    """How often the pair is run, where that is not as often as any other."""
    done: Callable[[], None] = lambda: None
    """Clears away what only this line needs."""


class Bench:
    """All lines, at one size, on one server."""

    def __init__(self, muster: Path, files: Inputs, server: Server, size: Size, whole: bool = False) -> None:
        self.muster, self.inputs, self.server, self.size, self.whole = muster, files, server, size, whole
        self.out = WORK / "out"
        self.exports = WORK / "export"
        self.made: set[str] = set()

    def lines(self) -> Iterator[tuple[str, Callable[[], Line]]]:
        """The lines by name, each to be prepared when its turn comes."""
        yield "check", self.check
        yield "check-polars", self.check_polars
        yield "check-faulty", lambda: self.check_kind("faulty", "5 % faults of all codes", "")
        yield "check-rejected", lambda: self.check_kind("rejected", "every row rejected", "≤ 2 ×")
        yield "check-scale", self.check_scale
        yield "check-repeated", self.check_repeated
        yield "import-empty", self.import_empty
        yield "import-again", lambda: self.import_filled("again", "clean", "the same files again")
        yield "import-changed", lambda: self.import_filled("changed", "changed", "1 % of the rows changed")
        yield "import-others", lambda: self.import_filled("others", "others", "as many other users")
        yield "import-copy", self.import_copy
        if shutil.which("pgloader"):
            yield "import-pgloader", self.import_pgloader
        yield "journal-empty", self.journal_empty
        yield "journal-changed", self.journal_changed
        yield "import-scale", self.import_scale
        yield "import-repeated", self.import_repeated
        yield "export", lambda: self.export("csv")
        yield "export-parquet", lambda: self.export("parquet")
        yield "batch", self.batch
        yield "batch-check", self.batch_check
        if self.whole:
            yield "large-check", self.large_check
            yield "large-import", self.large_import

    # ---- check ----

    def check_command(self, size: Size, kind: str, exits: tuple[int, ...] = (0,)) -> Command:
        files = [str(self.inputs.folder(size, kind) / f"{table}.csv") for table in TABLES]
        words = [str(self.muster), "check", "--quiet", "--out", str(self.out), *files]
        return Command(words, exits, before=self.clean_out, after=lambda: self.expect(read=size.accounts + size.users))

    def check(self) -> Line:
        users = str(self.inputs.folder(self.size, "clean") / "users.csv")
        theirs = Command([str(inputs.python()), str(HERE / "duckdb_check.py"), users])
        ours = self.check_command(self.size, "clean")
        return Line("check", "check, both files, all rules", "DuckDB, the users alone, five checks", "≤ 1.0 ×", ours, theirs)

    def check_polars(self) -> Line:
        users = str(self.inputs.folder(self.size, "clean") / "users.csv")
        theirs = Command([str(inputs.python()), str(HERE / "polars_check.py"), users])
        ours = self.check_command(self.size, "clean")
        names = ("check, both files, all rules", "Polars, the users alone, five checks")
        return Line("check-polars", *names, "", ours, theirs)

    def check_kind(self, kind: str, what: str, target: str) -> Line:
        ours, theirs = self.check_command(self.size, kind, (3,)), self.check_command(self.size, "clean")
        if kind == "rejected":
            everything = self.size.accounts + self.size.users
            # The generator leaves the first record of a file as it is.
            ours.after = lambda: self.expect(read=everything, rejected=range(everything - 2, everything + 1))
        return Line(f"check-{kind}", f"check, {what}", "check of the clean files", target, ours, theirs)

    def check_scale(self) -> Line:
        tenth = self.size.tenth()
        ours, theirs = self.check_command(self.size, "clean"), self.check_command(tenth, "clean")
        names = ("check, per row", "per row of a tenth of the rows")
        return Line("check-scale", *names, "≤ 1.3 ×", ours, theirs, self.size.users / tenth.users)

    def check_repeated(self) -> Line:
        """Whatever repeats, a row costs the same."""
        tenth = self.size.tenth()
        ours, theirs = self.repeated_command("check", self.size), self.repeated_command("check", tenth)
        names = ("check, one user in all rows, per row", "per row of a tenth of the rows")
        return Line("check-repeated", *names, "≤ 1.3 ×", ours, theirs, self.size.users / tenth.users)

    def repeated_command(self, command: str, size: Size) -> Command:
        accounts = str(self.inputs.folder(size, "clean") / "accounts.csv")
        words = [str(self.muster), command, "--quiet", "--out", str(self.out)]
        words += [accounts, str(self.inputs.repeated(size))]
        # All but the first are skipped as duplicates.
        return Command(words, (3,), before=self.clean_out, after=lambda: self.expect(duplicates=size.users - 1))

    # ---- import ----

    def database(self, name: str, size: Size) -> str:
        """A template: `empty` tables, or tables `filled` by one of both sides. Made when first asked for."""
        template = name if name == "empty" else f"{name}_{size.users}"
        if template not in self.made:
            self.made.add(template)
            if name == "empty":
                ddl = subprocess.run([self.muster, "schema", "ddl"], capture_output=True, text=True, check=True)
                self.server.sql("CREATE DATABASE empty")
                self.server.sql(ddl.stdout, "empty")
            else:
                self.database("empty", size)
                self.server.copy("empty", template)
                fill = self.muster_import if name == "filled_by_muster" else self.by_hand
                command = fill(size, "clean", template)
                command.before, command.after = lambda: None, lambda: None
                command.run()
                self.server.sql("VACUUM ANALYZE", template)
        return template

    def muster_import(self, size: Size, kind: str, database: str = "work") -> Command:
        files = [str(self.inputs.folder(size, kind) / f"{table}.csv") for table in TABLES]
        url = ["--database-url", self.server.url(database)]
        return Command([str(self.muster), "import", "--quiet", "--out", str(self.out), *url, *files])

    def by_hand(self, size: Size, kind: str, database: str = "work") -> Command:
        words = [str(HERE / "by_hand.sh"), str(self.inputs.folder(size, kind))]
        return Command(words, environment=self.server.environment(database))

    def both(self, size: Size, kind: str, filled: bool, users: int, **counts: object) -> tuple[Command, Command]:
        """Ours and theirs, each from a fresh copy of a database that it made."""
        ours, theirs = self.muster_import(size, kind), self.by_hand(size, kind)
        for command, template in ((ours, "filled_by_muster"), (theirs, "filled_by_hand")):
            template = self.database(template if filled else "empty", size)
            command.before = lambda template=template: (self.clean_out(), self.server.copy(template, "work"))
            command.after = lambda: self.expect_rows(size.accounts, users)
        in_the_tables = ours.after
        ours.after = lambda: (in_the_tables(), self.expect(**counts))
        return ours, theirs

    def import_empty(self) -> Line:
        ours, theirs = self.both(self.size, "clean", False, self.size.users, updated=0, unchanged=0)
        names = ("import into empty tables", "the script by hand, no validation")
        return Line("import-empty", *names, "≤ 0.35 ×", ours, theirs)

    def import_filled(self, name: str, kind: str, what: str) -> Line:
        size = self.size
        everything, users = size.accounts + size.users, size.users
        counts = {
            "again": {"inserted": 0, "updated": 0, "unchanged": everything},
            "changed": {"inserted": 0, "updated": range(everything // 200, everything // 50)},
            "others": {"inserted": size.users, "updated": 0},
        }[name]
        users *= 2 if name == "others" else 1
        ours, theirs = self.both(size, kind, True, users, **counts)
        return Line(f"import-{name}", f"import, {what}", "the script by hand, the same", "≤ 0.9 ×", ours, theirs)

    def import_scale(self) -> Line:
        tenth = self.size.tenth()
        ours, _ = self.both(self.size, "clean", False, self.size.users)
        theirs, _ = self.both(tenth, "clean", False, tenth.users)
        names = ("import into empty tables, per row", "per row of a tenth of the rows")
        return Line("import-scale", *names, "≤ 1.3 ×", ours, theirs, self.size.users / tenth.users)

    def import_repeated(self) -> Line:
        tenth = self.size.tenth()
        ours, theirs = self.repeated_import(self.size), self.repeated_import(tenth)
        names = ("import into filled tables, one user in all rows, per row", "per row of a tenth of the rows")
        return Line("import-repeated", *names, "≤ 1.3 ×", ours, theirs, self.size.users / tenth.users)

    def repeated_import(self, size: Size) -> Command:
        command = self.repeated_command("import", size)
        command.words[2:2] = ["--database-url", self.server.url("work")]
        template = self.database("filled_by_muster", size)
        command.before = lambda: (self.clean_out(), self.server.copy(template, "work"))
        return command

    def import_copy(self) -> Line:
        """Against the floor: nothing but COPY."""
        ours, _ = self.both(self.size, "clean", False, self.size.users)
        theirs = Command(
            [str(HERE / "by_hand.sh"), str(self.inputs.folder(self.size, "clean")), "by_copy.sql"],
            environment=self.server.environment("work"),
            before=self.bare,
        )
        return Line("import-copy", "import into empty tables", "\\copy alone, into bare tables of text", "", ours, theirs)

    def import_pgloader(self) -> Line:
        tenth = self.size.tenth()
        ours, _ = self.both(tenth, "clean", False, tenth.users)
        theirs = Command(
            [str(HERE / "pgloader.sh"), str(self.inputs.folder(tenth, "clean"))],
            environment=self.server.environment("work"),
            before=self.bare,
        )
        names = ("import into empty tables, a tenth of the rows", "pgloader, the same rows into bare tables of text")
        return Line("import-pgloader", *names, "", ours, theirs, pairs=1)

    def bare(self) -> None:
        self.server.sql("DROP DATABASE IF EXISTS work")
        self.server.sql("CREATE DATABASE work")
        self.server.sql((HERE / "bare.sql").read_text(), "work")

    # ---- what the journal costs ----

    def journal_empty(self) -> Line:
        ours, _ = self.both(self.size, "clean", False, self.size.users)
        theirs, _ = self.both(self.size, "clean", False, self.size.users)
        return self.journal("journal-empty", "into empty tables", ours, theirs)

    def journal_changed(self) -> Line:
        ours, _ = self.both(self.size, "changed", True, self.size.users)
        theirs, _ = self.both(self.size, "changed", True, self.size.users)
        return self.journal("journal-changed", "1 % of the rows changed", ours, theirs)

    def journal(self, name: str, what: str, ours: Command, theirs: Command) -> Line:
        theirs.words.insert(2, "--no-undo")
        return Line(name, f"import, {what}", "the same with --no-undo", "≤ 1.15 ×", ours, theirs)

    # ---- cost follows the batch ----

    def batch(self) -> Line:
        ours, theirs = self.batch_command("import", self.widened()), self.batch_command("import", self.narrow())
        factor = f"{self.size.users:,} users"
        return Line(
            "batch", f"import, 1,000 new users into ten times {factor}", f"the same into {factor}", "≤ 1.3 ×", ours, theirs
        )

    def batch_check(self) -> Line:
        ours, theirs = self.batch_command("check", self.widened()), self.batch_command("check", self.narrow())
        factor = f"{self.size.users:,} users"
        what = f"check --against-database, 1,000 users, ten times {factor}"
        return Line("batch-check", what, f"the same against {factor}", "≤ 1.3 ×", ours, theirs, done=self.unwiden)

    def batch_command(self, command: str, database: str) -> Command:
        users = str(self.inputs.folder(Size(100, 1_000), "batch") / "users.csv")
        words = [str(self.muster), command, "--quiet", "--out", str(self.out)]
        words += ["--against-database"] if command == "check" else []
        counts = {"read": 1_000} if command == "check" else {"inserted": 1_000}
        ours = Command([*words, "--database-url", self.server.url(database), users])
        ours.before, ours.after = self.clean_out, lambda: self.expect(**counts)
        if command == "import":
            # Large tables are not copied for each turn; the rows go again, and the pages are as they were.
            ours.before = lambda: (self.clean_out(), self.forget_batch(database))
        return ours

    def forget_batch(self, database: str) -> None:
        self.server.sql(f"DELETE FROM users WHERE id > (SELECT top FROM top_{database}); VACUUM users; CHECKPOINT", database)

    def narrow(self) -> str:
        self.copy_once("filled_by_muster", "narrow")
        return "narrow"

    def widened(self) -> str:
        """The filled tables with nine times as many users more."""
        if self.copy_once("filled_by_muster", "wide"):
            self.server.sql(
                "SET session_replication_role = replica; SET maintenance_work_mem = '1GB';"
                "INSERT INTO users (email, legacy_id, account_id) "
                "SELECT 'filler' || n || '@example.org', 'F-' || n, (SELECT min(id) FROM accounts) + n % "
                f"{self.size.accounts} FROM generate_series(1, {9 * self.size.users}) n; VACUUM ANALYZE users;"
                "TRUNCATE top_wide; INSERT INTO top_wide SELECT max(id) FROM users; CHECKPOINT",
                "wide",
            )
        return "wide"

    def copy_once(self, template: str, database: str) -> bool:
        if database in self.made:
            return False
        self.made.add(database)
        self.server.copy(self.database(template, self.size), database)
        self.server.sql(f"CREATE TABLE top_{database} AS SELECT max(id) AS top FROM users", database)
        return True

    def unwiden(self) -> None:
        for database in ("wide", "narrow"):
            self.server.sql(f"DROP DATABASE IF EXISTS {database}")

    # ---- ten times the rows, once ----

    def large(self) -> Size:
        return Size(10 * self.size.accounts, 10 * self.size.users)

    def large_check(self) -> Line:
        large = self.large()
        ours, theirs = self.check_command(large, "clean"), self.check_command(self.size, "clean")
        names = (f"check, {large.users:,} users, per row", f"per row of {self.size.users:,}")
        return Line("large-check", *names, "≤ 1.3 ×, ≤ 600 MiB", ours, theirs, large.users / self.size.users, 1)

    def large_import(self) -> Line:
        large = self.large()
        ours, _ = self.both(large, "clean", False, large.users, updated=0, unchanged=0)
        theirs, _ = self.both(self.size, "clean", False, self.size.users)
        names = (f"import into empty tables, {large.users:,} users, per row", f"per row of {self.size.users:,}")
        line = Line("large-import", *names, "≤ 1.3 ×, ≤ 600 MiB", ours, theirs, large.users / self.size.users, 1)
        line.done = lambda: (self.server.sql("DROP DATABASE IF EXISTS work"), self.inputs.remove(large, "clean"))
        return line

    # ---- export ----

    def export(self, format: str) -> Line:
        template = self.database("filled_by_muster", self.size)
        self.server.copy(template, "work")
        words = [str(self.muster), "export", "--quiet", "--database-url", self.server.url("work"), "--out"]
        words += [str(self.exports)] if format == "csv" else [str(self.exports), "--format", format]
        # The manifest has counted a Parquet file's rows; the counterpart's files are lines of CSV.
        after = self.expect_files if format == "csv" else self.expect_manifest
        ours = Command(words, before=self.clean_exports, after=after)
        script = ["psql", "-X", "-q", "-f", str(HERE / "export.sql")]
        theirs = Command(script, environment=self.server.environment("work"), folder=self.exports)
        theirs.before, theirs.after = lambda: (self.clean_exports(), self.exports.mkdir()), self.expect_files
        name, to = ("export", "") if format == "csv" else (f"export-{format}", f" to {format.capitalize()}")
        theirs_is = "psql \\copy, the same" + (" to CSV" if to else "")
        return Line(name, f"export{to}, both entities, by key", theirs_is, "≤ 0.8 ×", ours, theirs)

    # ---- what is done around a command, and what must be true after it ----

    def clean_out(self) -> None:
        shutil.rmtree(self.out, ignore_errors=True)

    def clean_exports(self) -> None:
        shutil.rmtree(self.exports, ignore_errors=True)

    def expect(self, **counts: object) -> None:
        """Holds the summary of muster's run against what it should have counted."""
        entities = json.loads((self.out / "summary.json").read_text())["entities"]
        for name, wanted in counts.items():
            counted = sum(entity[name] for entity in entities)
            if not (counted in wanted if isinstance(wanted, range) else counted == wanted):
                raise SystemExit(f"muster counted {counted} {name}, not {wanted}")

    def expect_rows(self, accounts: int, users: int) -> None:
        """Holds the tables against how many rows they should have."""
        found = self.server.sql("SELECT (SELECT count(*) FROM accounts), (SELECT count(*) FROM users)", "work")
        if found != f"{accounts}|{users}":
            raise SystemExit(f"the tables have {found} rows, not {accounts}|{users}")

    def expect_manifest(self) -> None:
        """Holds the rows of an export's manifest against how many there are."""
        manifest = json.loads((self.exports / "manifest.json").read_text())
        found = {entity["entity"]: entity["rows"] for entity in manifest["entities"]}
        if found != {"accounts": self.size.accounts, "users": self.size.users}:
            raise SystemExit(f"the export has {found}")

    def expect_files(self) -> None:
        """Holds the exported files against how long they should be."""
        for table, rows in (("accounts", self.size.accounts), ("users", self.size.users)):
            with open(self.exports / f"{table}.csv", "rb") as file:
                lines = sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))
            if lines != rows + 1:
                raise SystemExit(f"the exported {table}.csv has {lines} lines, not {rows + 1}")


def shown(command: Command, server: Server) -> str:
    """A command line as a person would type it in the project's folder."""
    words = []
    for word in command.words:
        if word.startswith(f"host={server.folder}"):
            word = '"$DATABASE_URL"'
        words.append(word.replace(f"{ROOT}/", ""))
    text = " ".join(words)
    return f"(cd {command.folder.relative_to(ROOT)} && {text.replace('benches/', '../../benches/')})" if command.folder else text
