"""The standard inputs, made once by the project's generator and kept under target/bench."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "target" / "bench"

# What the generator is asked beyond the numbers of rows.
KINDS = {
    "clean": [],
    "changed": ["--changed", "1"],
    "others": ["--skip-users", "{users}"],
    "faulty": ["--faults", "5"],
    "rejected": ["--faults", "100", "--only", "invalid-boolean"],
    # Users that no other input has, in accounts that each of them has.
    "batch": ["--skip-users", "50000000"],
}


@dataclass(frozen=True)
class Size:
    """How many rows the files have."""

    accounts: int
    users: int

    def tenth(self) -> "Size":
        """A tenth of the rows."""
        return Size(max(1, self.accounts // 10), max(1, self.users // 10))


@dataclass(frozen=True)
class Inputs:
    """The folders of the inputs."""

    generator: Path

    def folder(self, size: Size, kind: str) -> Path:
        """The folder of one input; made when it is not there."""
        path = WORK / "inputs" / f"{size.accounts}-{size.users}" / kind
        # The generator writes this file last: where it is, all of them are.
        if not (path / "plants.summary.json").exists():
            print(f"making {path.relative_to(ROOT)}", flush=True)
            subprocess.run(self.command(size, kind, path), check=True)
            (path / "plants.csv").unlink(missing_ok=True)
            # What the first command reads must have reached the disk.
            os.sync()
        return path

    def repeated(self, size: Size) -> Path:
        """A file of users that are all the same one; made when it is not there."""
        path = WORK / "inputs" / f"{size.accounts}-{size.users}" / "repeated" / "users.csv"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            with open(self.folder(size, "clean") / "users.csv", encoding="utf-8") as clean:
                head, first = clean.readline(), clean.readline()
            making = path.with_suffix(".making")
            with open(making, "w", encoding="utf-8") as file:
                file.write(head)
                file.writelines(first for _ in range(size.users))
            making.rename(path)
            os.sync()
        return path

    def remove(self, size: Size, kind: str) -> None:
        """Removes an input that is too large to be kept."""
        shutil.rmtree(WORK / "inputs" / f"{size.accounts}-{size.users}" / kind, ignore_errors=True)

    def command(self, size: Size, kind: str, out: Path) -> list[str]:
        """The generator's command line."""
        extra = [argument.format(users=size.users) for argument in KINDS[kind]]
        rows = ["--accounts", str(size.accounts), "--users", str(size.users)]
        return [str(self.generator), *rows, *extra, "--out", str(out)]


def python() -> Path:
    """A Python that has what the comparisons need."""
    environment = WORK / "venv"
    wanted = (ROOT / "benches" / "requirements.txt").read_text()
    mark = environment / "requirements.txt"
    if not mark.exists() or mark.read_text() != wanted:
        print("installing benches/requirements.txt in a virtual environment", flush=True)
        shutil.rmtree(environment, ignore_errors=True)
        subprocess.run(["python3", "-m", "venv", str(environment)], check=True)
        pip = [str(environment / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "-r", str(ROOT / "benches" / "requirements.txt")], check=True)
        mark.write_text(wanted)
    return environment / "bin" / "python"
