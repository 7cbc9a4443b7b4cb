#!/bin/sh
# Imports the samples with the program that `make run` has built. Exit code 3 says that some rows were refused:
# the samples are made to show that.
set -u

cd "$(dirname "$0")/.." || exit 1
code=0
target/release/muster import samples/accounts.csv samples/users.csv || code=$?
case $code in
0) ;;
3)
    echo
    echo "Some rows of the samples were refused, as they are meant to be. The reports of every run are under"
    echo "muster-runs/; \`target/release/muster db psql\` opens the database that was filled."
    ;;
*) exit "$code" ;;
esac
