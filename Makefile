# Thin: each line is a command that can be typed.
.PHONY: run testnet test lint bench load crash-cycles fuzz

run: ## build the testbed and run one scenario
	cargo run --release --quiet --bin bitcraps-sim -- run scenarios/partition-heals.yaml

testnet: ## build the daemon, write four validators into ./testnet, start them; then testnet/stop.sh
	cargo build --release --quiet -p bitcraps-node
	test -d testnet || target/release/bitcraps-node testnet --validators 4 --dir testnet
	BITCRAPS_NODE=$(CURDIR)/target/release/bitcraps-node testnet/start.sh
	@echo "status: target/release/bitcraps-node --home testnet/node0 status"
	@echo "play:   target/release/bitcraps-node client --gateway http://127.0.0.1:7101 --key testnet/player.key play 1 --stake 100"
	@echo "stop:   testnet/stop.sh"

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

load: ## four daemons and an open load of signed bets on this machine: throughput and latency
	cargo build --release --quiet -p bitcraps-node
	deploy/load.sh target/release/bitcraps-node

crash-cycles: ## kill -9 and restart a random one of four daemons, a thousand times, under load
	CRASH_CYCLES=$${CRASH_CYCLES:-1000} cargo test --release -p bitcraps-node --test daemon -- --nocapture crash_cycles

fuzz: ## each decoder under libFuzzer, FUZZ_SECONDS (600) each: executions, edges, inputs kept, inputs that broke it
	fuzz/run.sh
