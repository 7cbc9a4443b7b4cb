"""One command, timed: seconds of wall clock and peak memory; and pairs of them, in turn."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Taken:
    """What one command took."""

    seconds: float
    peak: int
    """Bytes that the process itself had resident at most; a server's are not in it."""


@dataclass
class Command:
    """A command, how it may end, and what is done before and after it without being timed."""

    words: list[str]
    exits: tuple[int, ...] = (0,)
    environment: dict[str, str] | None = None
    folder: Path | None = None
    before: Callable[[], None] = lambda: None
    after: Callable[[], None] = lambda: None

    def run(self) -> Taken:
        """Runs it once; ends the benchmark where it does not do what it should."""
        self.before()
        with tempfile.TemporaryFile() as said:
            start = time.perf_counter()
            process = subprocess.Popen(
                self.words, stdin=subprocess.DEVNULL, stdout=said, stderr=said, env=self.environment, cwd=self.folder
            )
            _, status, usage = os.wait4(process.pid, 0)
            seconds = time.perf_counter() - start
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode not in self.exits:
                said.seek(0)
                text = said.read().decode(errors="replace")
                sys.exit(f"{' '.join(self.words)}\nended with {process.returncode}, not {self.exits}:\n{text}")
        self.after()
        # Linux counts in KiB, macOS in bytes.
        return Taken(seconds, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024))


@dataclass
class Pairs:
    """Two commands, run in turn."""

    ours: list[Taken] = field(default_factory=list)
    theirs: list[Taken] = field(default_factory=list)

    def run(self, ours: Command, theirs: Command, count: int) -> None:
        """Runs `count` pairs; who goes first changes with each, so that a drift of the machine favours neither."""
        for number in range(count):
            turn = [(ours, self.ours), (theirs, self.theirs)]
            for command, taken in turn if number % 2 == 0 else reversed(turn):
                taken.append(command.run())
                print(f"    {taken[-1].seconds:8.2f} s  {Path(command.words[0]).name}", flush=True)

    def ratios(self) -> list[float]:
        """Ours by theirs, pair by pair."""
        return [ours.seconds / theirs.seconds for ours, theirs in zip(self.ours, self.theirs)]

    def ratio(self) -> float:
        """The median of the ratios."""
        return statistics.median(self.ratios())


def seconds(taken: list[Taken]) -> float:
    """The median."""
    return statistics.median(one.seconds for one in taken)


def peak(taken: list[Taken]) -> int:
    """The largest."""
    return max(one.peak for one in taken)
