# muster: `make help` lists what there is to make.

.DEFAULT_GOAL := help
CARGO ?= cargo

.PHONY: help run test check lint fmt build bench bench-quick golden clean postgresql

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: postgresql ## import the samples into the private local PostgreSQL, and say where the reports are
	$(CARGO) build --release --locked
	@scripts/run-samples.sh

test: postgresql ## run all tests, on a PostgreSQL of their own
	$(CARGO) test --locked --features fault-points

check: postgresql ## all that CI asks: format, lints, documentation, tests
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets --all-features -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --no-deps --all-features
	$(CARGO) test --locked --features fault-points

lint: ## the compiler's and clippy's advice
	$(CARGO) clippy --locked --all-targets --all-features

fmt: ## format the sources
	$(CARGO) fmt

build: ## build the program: target/release/muster
	$(CARGO) build --release --locked

bench: postgresql ## measure muster beside SQL by hand and DuckDB; writes benches/RESULTS.md
	$(CARGO) build --release --locked --bin muster --example generate
	benches/run.py

bench-quick: postgresql ## the same with a tenth of the rows, in a few minutes
	$(CARGO) build --release --locked --bin muster --example generate
	benches/run.py --quick

golden: postgresql ## rewrite the expected outputs under tests/, to be looked at with git diff
	MUSTER_GOLDEN=1 $(CARGO) test --locked --features fault-points

clean: ## remove what was built; the local PostgreSQL and its data stay
	$(CARGO) clean

postgresql:
	@scripts/install-postgresql.sh
