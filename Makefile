# Thin: each line is a command that can be typed.
.PHONY: run test lint bench

run: ## build the testbed and run one scenario
	cargo run --release --quiet --bin bitcraps-sim -- run scenarios/partition-heals.yaml

test: ## every test; among them every file in scenarios/, each run twice
	cargo test --workspace --doc --quiet
	cargo nextest run --workspace --no-fail-fast

lint: ## formatting and clippy, determinism lints included
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings

bench: ## this loop, turmoil and madsim on the same work in one call; then the whole node
	cargo build --profile fast --bin bitcraps-sim
	cd bench/rivals/turmoil && cargo build --release
	cd bench/rivals/madsim && cargo build --release
	target/fast/bitcraps-sim bench
