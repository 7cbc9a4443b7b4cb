#!/bin/sh
# Imports the samples with the program that `make run` has built. Exit code 3 says that some rows were rejected, which
# the samples are made to show.
set -u

cd "$(dirname "$0")/.." || exit 1
code=0
target/release/muster import samples/accounts.csv samples/users.csv || code=$?
case $code in
0) ;;
3)
    echo
    echo "Some rows of the samples are wrong on purpose, so they were rejected. The reports of every run are in"
    echo "muster-runs/. To look into the database: target/release/muster db psql"
    ;;
*) exit "$code" ;;
esac
