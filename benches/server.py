"""A PostgreSQL of the benchmark's own: made for one run, reached by a Unix socket, gone after it.

Both sides of every comparison use it, so its settings are the same for both; they are those of an ordinary small
server, with its safety on (fsync, full_page_writes, synchronous_commit).
"""

import glob
import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

SETTINGS = {
    "shared_buffers": "1GB",
    "work_mem": "64MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "30min",
    # Its time cannot be chosen; what it does is done by hand between the measurements.
    "autovacuum": "off",
    "listen_addresses": "",
    "client_connection_check_interval": "1s",
}


def programs() -> Path:
    """The folder of the server's programs: as muster finds it."""
    found = [os.environ.get("MUSTER_PG_BIN", "")]
    if (initdb := shutil.which("initdb")) is not None:
        found.append(str(Path(initdb).resolve().parent))
    for pattern in ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin"):
        found += sorted(glob.glob(pattern), key=lambda path: int("".join(filter(str.isdigit, path)) or 0), reverse=True)
    for folder in found:
        if folder and Path(folder, "initdb").exists():
            return Path(folder)
    raise SystemExit("PostgreSQL's server programs (initdb, pg_ctl) are not installed: scripts/install-what-is-missing.sh")


class Server:
    """The server while it runs; a context manager."""

    def __init__(self) -> None:
        self.programs = programs()
        self.folder = Path(tempfile.mkdtemp(prefix="muster-bench-", dir="/var/tmp"))
        self.owner = None
        if os.getuid() == 0:
            # PostgreSQL refuses to run as root.
            self.owner = pwd.getpwnam("postgres")
            os.chown(self.folder, self.owner.pw_uid, self.owner.pw_gid)

    def __enter__(self) -> "Server":
        data = str(self.folder / "data")
        try:
            self._run("initdb", "-D", data, "-U", "muster", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
            settings = {**SETTINGS, "unix_socket_directories": str(self.folder)}
            options = " ".join(f"-c {name}='{value}'" for name, value in settings.items())
            self._run("pg_ctl", "start", "-w", "-D", data, "-o", options, "-l", str(self.folder / "server.log"))
        except BaseException:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._run("pg_ctl", "stop", "-w", "-D", str(self.folder / "data"), "-m", "immediate")
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, program: str, *arguments: str) -> None:
        identity = {}
        if self.owner is not None:
            identity = {"user": self.owner.pw_uid, "group": self.owner.pw_gid, "extra_groups": []}
        command = [str(self.programs / program), *arguments]
        # The server keeps the outputs open: a pipe would be waited for until it stops.
        with tempfile.TemporaryFile() as said:
            done = subprocess.run(command, cwd="/", stdin=subprocess.DEVNULL, stdout=said, stderr=said, **identity)
            if done.returncode != 0:
                said.seek(0)
                raise SystemExit(f"{program} failed:\n{said.read().decode(errors='replace')}")

    def url(self, database: str) -> str:
        """How muster connects."""
        return f"host={self.folder} user=muster dbname={database}"

    def environment(self, database: str) -> dict[str, str]:
        """How psql connects."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        return {**kept, "PGHOST": str(self.folder), "PGUSER": "muster", "PGDATABASE": database}

    def sql(self, text: str, database: str = "postgres") -> str:
        """Runs SQL, untimed, and gives what it printed."""
        command = ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"]
        environment = self.environment(database)
        done = subprocess.run(command, input=text, env=environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SystemExit(f"psql failed: {done.stderr}\n{text[:500]}")
        return done.stdout.strip()

    def copy(self, template: str, database: str) -> None:
        """Makes `database` anew, as `template` is."""
        self.sql(f"DROP DATABASE IF EXISTS {database}")
        # Copying files is the faster way for large ones; before 15 it was the only one and had no name.
        major = int(self.sql("SHOW server_version_num")) // 10000
        strategy = " STRATEGY file_copy" if major >= 15 else ""
        self.sql(f"CREATE DATABASE {database} TEMPLATE {template}{strategy}")
        self.sql("CHECKPOINT")
