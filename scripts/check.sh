#!/usr/bin/env bash
# All that CI asks, step by step. At the end, or where a step fails, the time of each is printed.
set -euo pipefail
cargo=${CARGO:-cargo}
taken=()

step() {
    local name=$1 from=$SECONDS ended=0
    shift
    echo "== $name"
    "$@" || ended=$?
    taken+=("$(printf '%5d s  %s' $((SECONDS - from)) "$name")")
    return $ended
}

trap 'printf "%s\n" "== where the time went" "${taken[@]}"' EXIT

step 'format' "$cargo" fmt --check
step 'lints' "$cargo" clippy --locked --all-targets --all-features -- -D warnings
step 'documentation' env RUSTDOCFLAGS='-D warnings' "$cargo" doc --locked --no-deps --all-features
step 'building the tests' "$cargo" test --locked --features fault-points --no-run
step 'tests' "$cargo" test --locked --features fault-points
