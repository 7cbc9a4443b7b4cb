# muster: `make help` lists the targets.

.DEFAULT_GOAL := help
CARGO ?= cargo
MINUTES ?= 10
CELLS ?= 6000000
FILES ?= 200
SEED ?=

.PHONY: help run test check lint fmt build bench bench-quick golden fuzz attack phones suites page-test clean needed needed-by-tests

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: needed ## import the samples into the private local PostgreSQL, and say where the reports are
	$(CARGO) build --release --locked
	@scripts/run-samples.sh

test: needed-by-tests ## run all tests, on a PostgreSQL of their own
	$(CARGO) test --locked --features fault-points

check: needed-by-tests ## what CI runs: format, lints, documentation, tests
	@CARGO=$(CARGO) scripts/check.sh

lint: needed ## run clippy on everything
	$(CARGO) clippy --locked --all-targets --all-features

fmt: ## format the sources
	$(CARGO) fmt

build: needed ## build the program: target/release/muster
	$(CARGO) build --release --locked

bench: needed ## measure muster, SQL by hand and DuckDB in turn; writes benches/RESULTS.md
	$(CARGO) build --release --locked --bin muster --example generate
	benches/run.py

bench-quick: needed ## the same with a tenth of the rows, in a few minutes
	$(CARGO) build --release --locked --bin muster --example generate
	benches/run.py --quick

golden: needed-by-tests ## rewrite the expected outputs under tests/ and the tables in docs/; read them with git diff
	MUSTER_GOLDEN=1 $(CARGO) test --locked --features fault-points

fuzz: needed ## run check on mutated CSV and NDJSON for ten minutes (MINUTES=n); failures go to target/fuzz-finds
	$(CARGO) run --locked --features fault-points --example fuzz_check -- --minutes $(MINUTES)

attack: needed ## kill, interrupt, cut off and feed damaged files for ten minutes (MINUTES=n, SEED=n); finds: target/attack-finds
	$(CARGO) build --locked --features fault-points --bin muster
	@tests/attack/attack.py --minutes $(MINUTES) $(if $(SEED),--seed $(SEED))

phones: needed ## compare six million random telephone numbers (CELLS=n) with the library that has their rules
	MUSTER_PHONE_CELLS=$(CELLS) $(CARGO) test --locked --features fault-points --lib rule::phone

suites: needed ## compare tests/suites and random files (FILES=n) with csv-core, PostgreSQL's COPY and Python's csv
	SUITES_FILES=$(FILES) $(CARGO) test --locked --features fault-points --test it suites:: -- --ignored --nocapture

page-test: needed ## open report.html in headless Chromium; pictures go to target/page-test/pictures
	$(CARGO) build --locked --features fault-points --bin muster
	@scripts/page-test.sh

clean: ## remove what was built; the local PostgreSQL keeps its data
	$(CARGO) clean

needed:
	@scripts/install-what-is-missing.sh

needed-by-tests:
	@scripts/install-what-is-missing.sh tests
