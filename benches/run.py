#!/usr/bin/env python3
"""Runs the benchmark: every line with its counterpart, in turn, and writes one table and a chart.

    benches/run.py            100,000 accounts and 1,000,000 users, five pairs; writes benches/RESULTS.md and .svg
    benches/run.py --quick    a tenth of the rows, three pairs; writes target/bench/RESULTS-quick.md and .svg

It is no test: nothing fails by the clock. A command that does not do its work ends it. Needs PostgreSQL's server
programs and Python 3.9; what else it compares with it installs under target/bench. See `make bench`.
"""

import argparse
import signal
import sys
from pathlib import Path

import results
from inputs import ROOT, WORK, Inputs, Size
from lines import Bench, Line
from measure import Pairs
from server import Server


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Runs the benchmark.")
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows, three pairs")
    parser.add_argument("--accounts", type=int, default=100_000)
    parser.add_argument("--users", type=int, default=1_000_000)
    parser.add_argument("--pairs", type=int, help="how often each pair is run")
    parser.add_argument("--only", metavar="LINE", action="append", help="run only lines whose names begin so")
    parser.add_argument("--muster", type=Path, default=ROOT / "target" / "release" / "muster")
    parser.add_argument("--write", type=Path, metavar="FILE", help="where the table goes")
    return parser.parse_args()


def main() -> None:
    """Measures, prints and writes."""
    asked = arguments()
    # The server's end is tied to this process's.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(130))
    size = Size(asked.accounts, asked.users)
    size = size.tenth() if asked.quick else size
    count = asked.pairs or (3 if asked.quick else 5)
    WORK.mkdir(parents=True, exist_ok=True)
    whole = not asked.quick and not asked.only and size == Size(100_000, 1_000_000)
    target = asked.write or (ROOT / "benches" / "RESULTS.md" if whole else WORK / "RESULTS-quick.md")
    load = results.load()
    muster = asked.muster.resolve()
    # cargo builds both side by side.
    files = Inputs(muster.parent / "examples" / "generate")
    with Server() as server:
        make = "make bench-quick" if asked.quick else "make bench"
        head = results.head(make, muster, files.folder(size, "clean"), server, size, count, load)
        print(head, flush=True)
        measured: list[tuple[Line, Pairs]] = []
        for name, prepare in Bench(muster, files, server, size, whole).lines():
            if asked.only and not any(name.startswith(start) for start in asked.only):
                continue
            print(f"{name}:", flush=True)
            line, pairs = prepare(), Pairs()
            pairs.run(line.ours, line.theirs, min(line.pairs or count, count))
            line.done()
            measured.append((line, pairs))
            print(results.row(line, pairs), flush=True)
            # After each line, so that a run that is cut short leaves what it has measured.
            results.write(target, head, measured, server)
    print(f"{target.read_text()}\nwritten to {target}")


if __name__ == "__main__":
    main()
