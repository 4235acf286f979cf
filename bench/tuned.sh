#!/bin/sh
# The testbed for the processor at hand, tuned by a profile of its own runs: built, run on some scenarios and on the benchmark's
# blocks and bets, and built again. Usage: bench/tuned.sh [DIR], default target/tuned; then DIR/bitcraps-sim.
set -eu
cd "$(dirname "$0")/.."
dir=$(realpath -m "${1:-target/tuned}")
llvm=$(rustc -vV | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p')

for profdata in "$(rustc --print sysroot)"/lib/rustlib/*/bin/llvm-profdata "llvm-profdata-$llvm" llvm-profdata; do
  if command -v "$profdata" >/dev/null && "$profdata" show --version 2>/dev/null | grep -q "LLVM version $llvm\."; then
    break
  fi
  profdata=
done
if [ -z "$profdata" ]; then
  echo "no llvm-profdata of LLVM $llvm, which this rustc is built on: rustup component add llvm-tools, or Debian's llvm-$llvm" >&2
  exit 69
fi

build() { # build FLAGS: what rustc is told beside the processor
  RUSTFLAGS="-C target-cpu=native $1" cargo build --profile fast --quiet --bin bitcraps-sim --target-dir "$dir/build"
}

train() { # every engine and both kinds of signatures, under faults and bets; then blocks and bets as fast as they go
  program="$dir/build/fast/bitcraps-sim"
  for engine in pbft tendermint hotstuff; do
    for crypto in mock real; do
      for scenario in happy-path leader-crash lossy-wan partition-heals every-bet; do
        # A claim made for one engine may be violated under another (1), or never come to the point (2): such a run teaches as much.
        "$program" run "scenarios/$scenario.yaml" --set consensus.engine=$engine --set crypto=$crypto --out "$dir/runs" >/dev/null ||
          [ $? -le 2 ]
      done
    done
  done
  "$program" bench blocks >/dev/null
  "$program" bench casino >/dev/null
}

rm -rf "$dir/profiles" "$dir/runs"
build "-C profile-generate=$dir/profiles"
train
"$profdata" merge -o "$dir/profile" "$dir/profiles"
build "-C profile-use=$dir/profile"
cp "$dir/build/fast/bitcraps-sim" "$dir/"
rm -rf "$dir/profiles" "$dir/runs"
echo "$dir/bitcraps-sim"
