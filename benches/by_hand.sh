#!/bin/sh
# Times the hand-written script (by_hand.sql) on the standard input: into empty tables, the same files again,
# 1 % changed, and a million other users into the filled tables. The server is the one that the PG* variables
# name; its tables `accounts` and `users` are dropped. Prints seconds; what to compare them with is others' part.
#
#   benches/by_hand.sh [ACCOUNTS [USERS]]
set -eu

here=$(cd "$(dirname "$0")" && pwd)
accounts=${1:-100000}
users=${2:-1000000}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

generate() {
    out=$1
    shift
    (cd "$here/.." && cargo run --quiet --example generate -- --accounts "$accounts" --users "$users" \
        --out "$work/$out" "$@")
}

run() {
    name=$1
    folder=$2
    start=$(date +%s%N)
    (cd "$work/$folder" && psql -X -q -f "$here/by_hand.sql")
    printf '%-28s %6d ms\n' "$name" $((($(date +%s%N) - start) / 1000000))
    psql -X -q -c 'VACUUM ANALYZE accounts, users'
}

generate clean
generate changed --changed 1
generate others --skip-users "$users"

psql -X -q -f "$here/tables.sql"
run 'into empty tables' clean
run 'the same files again' clean
run '1 % changed' changed
run 'as many other users' others
