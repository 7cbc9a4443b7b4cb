"""The counterpart of `muster check`: DuckDB reads users.csv as text, matches five of its columns against
regular expressions and counts its distinct e-mail addresses, on two threads. No findings, no references, no
accounts: `python3 duckdb_check.py users.csv`."""

import sys
import time

import duckdb

CHECKS = {
    '"email"': r"[^@\s]+@[^@\s]+\.[^@\s]+",
    '"account.legacyId"': r"\S.*",
    '"contact.phone"': r"(\+[1-9][0-9]{6,14})?",
    '"defaultLangCode"': r"(nl|en)?",
    '"migrated"': r"(true|false)?",
}

connection = duckdb.connect()
connection.execute("SET threads TO 2")
failing = ", ".join(
    f"count(*) FILTER (NOT regexp_full_match(coalesce({column}, ''), '{pattern}'))"
    for column, pattern in CHECKS.items()
)
started = time.perf_counter()
row = connection.execute(
    f"SELECT count(*), count(DISTINCT lower(\"email\")), {failing} FROM read_csv(?, all_varchar = true)",
    [sys.argv[1]],
).fetchone()
print(f"{time.perf_counter() - started:.3f} s:", *row)
