"""The counterpart of `muster check`: what a person would write in DuckDB to look at a file of users.

Every cell is read as text; five columns are compared with a regular expression, and the keys are counted.

    python benches/duckdb_check.py USERS.csv [THREADS]
"""

import sys

import duckdb

CHECKS = """
SELECT count(*) AS read,
       count(*) FILTER (WHERE NOT regexp_full_match(email, '[^@\\s]+@[^@\\s]+\\.[^@\\s]+')) AS email,
       count(*) FILTER (WHERE NOT regexp_full_match("contact.phone", '\\+[1-9][0-9]{6,14}')) AS phone,
       count(*) FILTER (WHERE NOT regexp_full_match(migrated, '(true|false)?')) AS migrated,
       count(*) FILTER (WHERE NOT regexp_full_match("contact.gender", 'female|male')) AS gender,
       count(*) FILTER (WHERE NOT regexp_full_match("defaultLangCode", 'nl|en')) AS language,
       count(*) - count(DISTINCT lower(email)) AS repeated
FROM read_csv($file, all_varchar = true, header = true)
"""


def main() -> None:
    """Prints the counts of one file."""
    connection = duckdb.connect()
    if len(sys.argv) > 2:
        connection.execute(f"SET threads = {int(sys.argv[2])}")
    answer = connection.execute(CHECKS, {"file": sys.argv[1]})
    names = [column[0] for column in answer.description]
    print(*(f"{name}={count}" for name, count in zip(names, answer.fetchone())))


if __name__ == "__main__":
    main()
