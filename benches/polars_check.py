"""The counterpart of `muster check`: what a person would write in Polars to look at a file of users.

The same checks as in duckdb_check.py: every cell is read as text, five columns are compared with a regular
expression, and the keys are counted.

    python benches/polars_check.py USERS.csv
"""

import sys

import polars as pl

SHAPES = {
    "email": r"^[^@\s]+@[^@\s]+\.[^@\s]+$",
    "contact.phone": r"^\+[1-9][0-9]{6,14}$",
    "migrated": r"^(true|false)?$",
    "contact.gender": r"^(female|male)$",
    "defaultLangCode": r"^(nl|en)$",
}


def main() -> None:
    """Prints the counts of one file."""
    rows = pl.scan_csv(sys.argv[1], infer_schema=False, empty_string_is_null=False)
    wrong = [(~pl.col(name).str.contains(shape)).sum().alias(name) for name, shape in SHAPES.items()]
    keys = pl.len() - pl.col("email").str.to_lowercase().n_unique()
    counts = rows.select(pl.len().alias("read"), *wrong, keys.alias("repeated")).collect(engine="streaming")
    print(*(f"{name}={count}" for name, count in counts.row(0, named=True).items()))


if __name__ == "__main__":
    main()
