#!/bin/sh
# Makes sure that PostgreSQL's server programs are there: on Debian and Ubuntu it installs them, elsewhere it
# says what to install. Says what it does before it does it.
set -eu

installed() {
    for folder in "${MUSTER_PG_BIN:-/nowhere}" /usr/lib/postgresql/*/bin /usr/pgsql-*/bin \
        /opt/homebrew/opt/postgresql@*/bin /usr/local/opt/postgresql@*/bin \
        /Applications/Postgres.app/Contents/Versions/*/bin; do
        [ -x "$folder/initdb" ] && [ -x "$folder/pg_ctl" ] && return 0
    done
    command -v initdb >/dev/null && command -v pg_ctl >/dev/null
}

if installed; then
    exit 0
fi
if ! command -v apt-get >/dev/null; then
    echo "PostgreSQL's server programs (initdb, pg_ctl) are needed. Install them:" >&2
    echo "  Fedora, RHEL   sudo dnf install postgresql-server" >&2
    echo "  Arch           sudo pacman -S postgresql" >&2
    echo "  Alpine         sudo apk add postgresql" >&2
    echo "  macOS          brew install postgresql@17" >&2
    echo "or set MUSTER_PG_BIN to the folder that holds them." >&2
    exit 1
fi

sudo=
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || {
        echo "PostgreSQL is needed, and there is no sudo: run \`apt-get install postgresql\` as root." >&2
        exit 1
    }
    sudo=sudo
fi
echo "PostgreSQL is not installed: installing the packages postgresql and openssl with apt-get." >&2
$sudo apt-get update -q
$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends postgresql openssl
