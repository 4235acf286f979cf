# Thin: each line is a command that can be typed.
.PHONY: run book study hunt museum measure ten-million testnet test madsim lint bench tuned native load load-blobs crash-cycles fuzz pages

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
	cargo build --workspace --features bitcraps-node/byzantine --bin bitcraps-node-byzantine
	cargo nextest run --workspace --no-fail-fast

# CI says PROFILE=dev: what `make test` built is used again.
PROFILE ?= release
BUILT = target/$(if $(filter dev,$(PROFILE)),debug,$(PROFILE))
madsim: ## the madsim world: its program, which goes beside bitcraps-sim; its tests; three scenarios, each twice
	cargo build --profile $(PROFILE) --quiet --bin bitcraps-sim
	cd sim/madsim && cargo build --profile $(PROFILE) --quiet
	cp sim/madsim/$(BUILT)/bitcraps-madsim $(BUILT)/
	cd sim/madsim && cargo test --profile $(PROFILE) --quiet
	$(BUILT)/bitcraps-sim run $(addprefix scenarios/,partition-heals.yaml leader-crash.yaml two-liars.yaml) --on madsim

lint: ## formatting and clippy, determinism lints included
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	cargo clippy --workspace --features bitcraps-node/byzantine --bin bitcraps-node-byzantine -- -D warnings
	cd sim/madsim && cargo fmt --all --check && cargo clippy --workspace --all-targets -- -D warnings

bench: ## this loop, turmoil and madsim on the same work in one call; then the whole node
	cargo build --profile fast --bin bitcraps-sim
	cd bench/rivals/turmoil && cargo build --release
	cd bench/rivals/madsim && cargo build --release
	target/fast/bitcraps-sim bench

tuned: ## the testbed for this processor, by a profile of its own runs, in target/tuned: a fifth faster; takes twenty minutes
	bench/tuned.sh

# For the processor at hand: Ed25519, a third of the work, has its own instructions on some.
NATIVE = target/native/release/bitcraps-node
native:
	RUSTFLAGS="-C target-cpu=native" cargo build --release --quiet -p bitcraps-node --target-dir target/native

load: native ## four daemons and an open load of signed bets on this machine: throughput and latency
	deploy/load.sh $(NATIVE) --rate 5000 --duration 60s --accounts 1000

load-blobs: native ## the same with blobs of 512 bytes, 30,000 per second
	BLOB_BYTES=1000000 deploy/load.sh $(NATIVE) --blobs 512 --rate 30000

crash-cycles: ## kill -9 and restart a random one of four daemons, a thousand times, under load
	CRASH_CYCLES=$${CRASH_CYCLES:-1000} cargo test --release -p bitcraps-node --test daemon -- --nocapture crash_cycles

HUNT ?= 10m
hunt: ## each strategy, HUNT (10m) together for each engine: cases per hour, and what was found
	cargo build --profile fast --bin bitcraps-sim
	worst=0; for engine in pbft tendermint hotstuff; do \
	  target/fast/bitcraps-sim hunt scenarios/hunt/open.yaml --set consensus.engine=$$engine --budget $(HUNT) --keep-going || worst=1; \
	done; exit $$worst

SEEDS ?= 0..200
measure: ## what the house keeps of every bet, through the whole network, beside the exact edges: a million bets, a row each
	cargo build --profile fast --bin bitcraps-sim
	target/fast/bitcraps-sim edges --measure scenarios/every-bet.yaml --seeds $(SEEDS)

ten-million: ## ten million bets through four nodes, with partitions, crashes and cheaters; every block judged
	cargo build --profile fast --bin bitcraps-sim
	target/fast/bitcraps-sim run bench/ten-million.yaml

study: ## three engines x four sizes x three losses x four faults, 3,456 runs: swept, bundled with what it claims, and verified
	cargo build --release --quiet --bin bitcraps-sim
	target/release/bitcraps-sim sweep scenarios/studies/engines.yaml
	target/release/bitcraps-sim bundle sweeps/engines --claims scenarios/studies/claims/engines.yaml --out sweeps/engines.tar
	target/release/bitcraps-sim verify-bundle sweeps/engines.tar

museum: ## every strategy against every published bug, and against the engines without one
	cargo build --profile fast --bin bitcraps-sim
	target/fast/bitcraps-sim museum

fuzz: ## each decoder under libFuzzer, FUZZ_SECONDS (600) each: executions, edges, inputs kept, inputs that broke it
	fuzz/run.sh

book: ## docs/ as HTML with a search, in target/book
	command -v mdbook >/dev/null || cargo install mdbook --locked
	mdbook build
	@echo "target/book/index.html"

# node 20 or later, and Chromium: CHROMIUM says where, if not /usr/bin/chromium. Not among the tests.
PAGES = target/pages
pages: ## pages of made-up runs in a headless browser: zoom, hover, causes, accessibility; then how fast a long one is
	cargo run --release --quiet -p bitcraps-reports --example sample -- $(PAGES)/few
	cargo run --release --quiet -p bitcraps-reports --example sample -- $(PAGES)/many 40 500
	cargo run --release --quiet -p bitcraps-reports --example sample -- $(PAGES)/million 10 2000 1000000
	test -d reports/browser/node_modules || npm --prefix reports/browser ci
	node reports/browser/pages.mjs $(PAGES)/few/report.html $(PAGES)/many/report.html
	node reports/browser/measure.mjs $(PAGES)/million/report.html
