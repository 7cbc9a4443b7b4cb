#!/bin/sh
# Installs what the build and the runs need: a C compiler (Rust links with it, and some libraries contain C),
# PostgreSQL's server programs, and openssl for the certificates of the tests; with the argument `tests` pgbouncer, too.
# It does so on Debian and Ubuntu, and says so first; on other systems it says what to install.
set -eu

has() { command -v "$1" >/dev/null 2>&1; }

has_postgresql() {
    for folder in "${MUSTER_PG_BIN:-/nowhere}" /usr/lib/postgresql/*/bin /usr/pgsql-*/bin \
        /opt/homebrew/opt/postgresql@*/bin /usr/local/opt/postgresql@*/bin \
        /Applications/Postgres.app/Contents/Versions/*/bin; do
        [ -x "$folder/initdb" ] && [ -x "$folder/pg_ctl" ] && return 0
    done
    has initdb && has pg_ctl
}

if ! has cargo; then
    echo "Rust is needed (cargo, rustc), a current stable release: see https://rust-lang.org/tools/install" >&2
    exit 1
fi

missing=
has cc || missing="$missing gcc libc6-dev"
has_postgresql || missing="$missing postgresql"
has openssl || missing="$missing openssl"
wanted=
if [ "${1:-}" = tests ]; then
    has pgbouncer || [ -x /usr/sbin/pgbouncer ] || wanted=pgbouncer
fi
[ -n "$missing$wanted" ] || exit 0

if ! has apt-get; then
    # Without pgbouncer the tests of connection poolers are left out.
    [ -n "$missing" ] || exit 0
    echo "A C compiler (cc), PostgreSQL's server programs (initdb, pg_ctl) and openssl are needed, and pgbouncer for the" >&2
    echo "tests. Install them:" >&2
    echo "  Fedora, RHEL   sudo dnf install gcc postgresql-server openssl pgbouncer" >&2
    echo "  Arch           sudo pacman -S gcc postgresql openssl pgbouncer" >&2
    echo "  Alpine         sudo apk add build-base postgresql openssl pgbouncer" >&2
    echo "  macOS          xcode-select --install; brew install postgresql@17 openssl pgbouncer" >&2
    echo "or set MUSTER_PG_BIN to the folder of PostgreSQL's programs. Missing here:$missing" >&2
    exit 1
fi

sudo=
if [ "$(id -u)" -ne 0 ]; then
    has sudo || [ -n "$missing" ] || exit 0
    has sudo || {
        echo "Packages are missing, and there is no sudo. As root: apt-get install$missing" >&2
        exit 1
    }
    sudo=sudo
fi
install() {
    # shellcheck disable=SC2086 # one word for each package
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $1
}

echo "Installing with apt-get:$missing $wanted" >&2
$sudo apt-get update -q || [ -z "$missing" ]
[ -z "$missing" ] || install "$missing"
[ -z "$wanted" ] || install "$wanted" || echo "pgbouncer cannot be installed: connection poolers are not tested." >&2
