"""The table that a benchmark ends with, and where and with what it was measured."""

import os
import platform
import shutil
import subprocess
from datetime import datetime, timezone
from pathlib import Path

import inputs
from inputs import ROOT, Size
import chart
from lines import Line, shown
from measure import Pairs, peak, seconds
from server import SETTINGS, Server

HEAD = """# What was measured

Written by `{make}` on {date}. A figure is the median of {pairs} pairs of commands run in turn on one machine
(of fewer where the line says so); the ratio is the median of the pairs' ratios, with the smallest and the largest
after it. Machines differ and are noisy:
read the ratios, not the seconds. Peak memory is that of the client's process.

| | |
| --- | --- |
| machine | {cpu}, {cores} cores, {memory} GiB of memory, {system} |
| load at the start | {load} |
| muster | {muster}, commit {commit} |
| PostgreSQL | {postgres}, with {settings} |
| DuckDB, Polars | {duckdb}, {polars} |
| pgloader | {pgloader} |
| input | {accounts:,} accounts ({accounts_mb} MB) and {users:,} users ({users_mb} MB), clean |

"""

TABLE = """| muster | against | muster, s | other, s | ratio | target | muster, MiB | other, MiB |
| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |
"""


def row(line: Line, pairs: Pairs) -> str:
    """One line of the table."""
    ratios = [ratio / line.rows for ratio in pairs.ratios()]
    ratio = f"**{pairs.ratio() / line.rows:.2f}** ({min(ratios):.2f} – {max(ratios):.2f})"
    times = f"{seconds(pairs.ours):.2f} | {seconds(pairs.theirs):.2f}"
    memory = f"{peak(pairs.ours) >> 20} | {peak(pairs.theirs) >> 20}"
    name = line.ours_is + (f" ({len(ratios)} pair)" if line.pairs else "")
    return f"| {name} | {line.theirs_is} | {times} | {ratio} | {line.target or '–'} | {memory} |\n"


def write(target: Path, head: str, measured: list[tuple[Line, Pairs]], server: Server) -> None:
    """Writes the table, the chart that it shows, and the command lines."""
    picture = target.with_suffix(".svg")
    picture.write_text(chart.drawn(measured))
    table = TABLE + "".join(row(line, pairs) for line, pairs in measured)
    typed = "".join(commands(line, server) for line, _ in measured)
    shown_chart = f"\n![The ratios as bars]({picture.name})\n"
    target.write_text(f"{head}{table}{shown_chart}\n## Command lines\n\n```sh\n{typed}```\n")


def commands(line: Line, server: Server) -> str:
    """The command lines of a line."""
    return f"# {line.ours_is}\n{shown(line.ours, server)}\n# against: {line.theirs_is}\n{shown(line.theirs, server)}\n"


def head(make: str, muster: Path, clean: Path, server: Server, size: Size, pairs: int, load: str) -> str:
    """The text before the table."""
    return HEAD.format(
        make=make,
        date=datetime.now(timezone.utc).strftime("%Y-%m-%d"),
        pairs=pairs,
        cpu=processor(),
        cores=os.cpu_count(),
        memory=round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        system=f"{platform.system()} {platform.release()}",
        load=load,
        muster=said([str(muster), "--version"]).removeprefix("muster "),
        # Of a program from elsewhere it is not known what it was built of.
        commit=said(["git", "describe", "--always", "--dirty"]) if ROOT in muster.parents else "not known",
        postgres=server.sql("SHOW server_version"),
        settings=", ".join(f"`{name} = {value}`" for name, value in SETTINGS.items() if value),
        duckdb=said([str(inputs.python()), "-c", "import duckdb; print(duckdb.__version__)"]),
        polars=said([str(inputs.python()), "-c", "import polars; print(polars.__version__)"]),
        pgloader=said(["pgloader", "--version"]).split("\n")[0] if shutil.which("pgloader") else "not installed",
        accounts=size.accounts,
        users=size.users,
        accounts_mb=(clean / "accounts.csv").stat().st_size // 1_000_000,
        users_mb=(clean / "users.csv").stat().st_size // 1_000_000,
    )


def processor() -> str:
    """The processor's name, where the system tells it."""
    cpuinfo = Path("/proc/cpuinfo")
    for text in cpuinfo.read_text().splitlines() if cpuinfo.exists() else []:
        if text.startswith("model name"):
            return text.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def load() -> str:
    """How busy the machine was in the last minute, in processes that want a core."""
    return f"{os.getloadavg()[0]:.1f}"


def said(command: list[str]) -> str:
    """A command's output, or a dash."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "–"
