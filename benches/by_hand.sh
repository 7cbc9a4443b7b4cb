#!/bin/sh
# Runs the hand-written script (by_hand.sql) once on the files of a folder: the counterpart of `muster import`.
# The database is the one that the PG* variables name; its tables must be there (`muster schema ddl | psql`).
#
#   benches/by_hand.sh FOLDER
set -eu

script=$(cd "$(dirname "$0")" && pwd)/by_hand.sql
cd "$1"
exec psql -X -q -f "$script"
