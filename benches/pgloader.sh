#!/bin/sh
# Copies the two files of a folder into the bare tables of bare.sql with pgloader: no key, no check, no reference.
# The database is the one that the PG* variables name.
#
#   benches/pgloader.sh FOLDER
set -eu

folder=$(cd "$1" && pwd)
commands=$(mktemp)
trap 'rm -f "$commands"' EXIT
for entity in accounts users; do
    cat > "$commands" <<END
LOAD CSV FROM '$folder/$entity.csv'
    INTO postgresql://$PGUSER@unix:$PGHOST:5432/$PGDATABASE?tablename=public.bare_$entity
    WITH skip header = 1, fields terminated by ',', fields optionally enclosed by '"', truncate;
END
    pgloader --quiet "$commands"
done
