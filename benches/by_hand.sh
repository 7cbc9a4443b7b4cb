#!/bin/sh
# Runs a script of SQL once on the files of a folder: the counterpart of `muster import`.
# The database is the one that the PG* variables name; its tables must be there (`muster schema ddl | psql`).
#
#   benches/by_hand.sh FOLDER [SCRIPT]     by_hand.sql, unless another script is named
set -eu

script=$(cd "$(dirname "$0")" && pwd)/${2:-by_hand.sql}
cd "$1"
exec psql -X -q -f "$script"
