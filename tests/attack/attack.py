#!/usr/bin/env python3
"""Attacks the program for some minutes: kills, signals, cut connections, damaged files. `make attack`.

    tests/attack/attack.py --minutes 10 [--seed N] [--only KIND] [--case N]

Everything random comes from the seed, which is printed first: the same seed makes the same cases (the moments of
kills still depend on the machine). The last line is `N passed, N failed`. The folder of a case that failed stays
below target/attack-finds, with all that was run: fix the fault, and keep it as a test.

Needs PostgreSQL's server programs and Python 3.10. The program is a debug build with the feature `fault-points`.
"""

from __future__ import annotations

import argparse
import random
import re
import shutil
import sys
import tempfile
import time
from pathlib import Path

import inputs
from cases import KINDS
from world import ROOT, Fault, Server, World


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Attacks the program.")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", help="any text; a random one without")
    parser.add_argument("--only", metavar="KIND", action="append", help="run only kinds whose names begin so")
    parser.add_argument("--case", type=int, metavar="N", help="run this case of the seed only")
    parser.add_argument("--muster", type=Path, default=ROOT / "target" / "debug" / "muster")
    return parser.parse_args()


def main() -> int:
    """Attacks until the time is over."""
    asked = arguments()
    seed = asked.seed or str(random.randrange(1_000_000))
    kinds = [kind for kind in KINDS if not asked.only or any(kind.__name__.startswith(own) for own in asked.only)]
    finds = ROOT / "target" / "attack-finds"
    passed = failed = 0
    until = time.monotonic() + 60 * asked.minutes
    with tempfile.TemporaryDirectory(prefix="muster-attack-", dir="/var/tmp") as scratch, Server() as server:
        print(f"seed {seed}, {asked.minutes:g} minutes, {asked.muster}", flush=True)
        inputs.prepare(server, asked.muster, Path(scratch), seed)
        number = asked.case or 0
        while passed + failed == 0 or asked.case is None and time.monotonic() < until:
            kind = random.Random(f"{seed}-{number}-kind").choice(kinds)
            folder = Path(scratch) / f"{number}-{kind.__name__}"
            folder.mkdir()
            world = World(server, asked.muster, folder, f"{seed}-{number}")
            world.points = POINTS
            if (why := attacked(kind, world)) is None:
                passed += 1
            else:
                failed += 1
                find = finds / f"{seed}-{number}-{kind.__name__}"
                shutil.rmtree(find, ignore_errors=True)
                shutil.copytree(folder, find, symlinks=True, ignore=shutil.ignore_patterns("*.s.PGSQL*"))
                (find / "said").write_text("\n".join([why, *world.log]) + "\n")
                print(f"case {number}, {kind.__name__}: {why}; see {find.relative_to(ROOT)}", flush=True)
            shutil.rmtree(folder, ignore_errors=True)
            number += 1
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


def attacked(kind, world: World) -> str | None:
    """What went wrong in a case, if anything did."""
    try:
        kind(world)
    except Fault as fault:
        return str(fault)
    except SystemExit as error:
        # The server refused what the case asked of it: it does not answer any more, or a table is gone.
        return f"the server: {error}"
    except Exception as error:  # noqa: BLE001 (a fault of a case must not end all the others)
        return f"{type(error).__name__}: {error}"
    return None


# The named points of an import, from the program's own list.
POINTS = [
    name
    for name in re.findall(r'^    \w+ "([a-z-]+)"', (ROOT / "src" / "fault.rs").read_text(), re.MULTILINE)
    if not name.startswith("undo-")
]

if __name__ == "__main__":
    sys.exit(main())
