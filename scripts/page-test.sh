#!/bin/sh
# Opens report.html in a real browser: `make page-test`. If Chromium, node or npm are missing, it installs them on Debian
# and Ubuntu, and says on other systems what to install. The driver and the accessibility checker come from npm, pinned by
# tests/browser/package-lock.json. Results and pictures are in target/page-test.
set -eu

cd "$(dirname "$0")/.."

has() { command -v "$1" >/dev/null 2>&1; }

browser() {
    for name in "${CHROMIUM:-}" chromium chromium-browser google-chrome google-chrome-stable; do
        if [ -n "$name" ] && command -v "$name"; then return 0; fi
    done
    return 1
}

missing=
browser >/dev/null || missing="$missing chromium"
has node || missing="$missing nodejs"
has npm || missing="$missing npm"
if [ -n "$missing" ]; then
    if ! has apt-get; then
        echo "Missing:$missing. Install them, or name the browser in CHROMIUM, and try again." >&2
        exit 1
    fi
    sudo=
    [ "$(id -u)" -eq 0 ] || sudo=sudo
    echo "Installing with apt-get:$missing" >&2
    $sudo apt-get update -q
    # shellcheck disable=SC2086 # one word for each package
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing
fi

work=target/page-test
mkdir -p "$work"
if ! cmp -s tests/browser/package-lock.json "$work/package-lock.json" || [ ! -d "$work/node_modules" ]; then
    rm -rf "$work/node_modules"
    cp tests/browser/package.json "$work/"
    cp tests/browser/package-lock.json "$work/"
    npm --prefix "$work" ci --no-audit --no-fund --ignore-scripts || {
        rm -rf "$work/package-lock.json"
        exit 1
    }
fi

MUSTER=${MUSTER:-target/debug/muster} CHROMIUM=$(browser) WORK=$work \
    node --test tests/browser/page.test.mjs
