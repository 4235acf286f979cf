#!/bin/sh
# Four validators and a load on this machine: load.sh PROGRAM [ARGUMENTS OF `load`...]
# The network is a new one in a temporary directory, on the ports from $BASE_PORT (default 27000); it takes $BLOB_BYTES bytes
# of blobs in a block (default 0: none).
set -eu
program="$1"
shift
base="${BASE_PORT:-27000}"
dir="$(mktemp -d)"
finish() {
    "$dir/net/stop.sh" >/dev/null 2>&1 || true
    rm -rf "$dir"
}
trap finish EXIT INT TERM
"$program" testnet --validators 4 --tables 8 --buy-in 1000000000000 --bank 1000000000000000 \
    --blob-bytes "${BLOB_BYTES:-0}" --dir "$dir/net" --base-port "$base" >/dev/null
export BITCRAPS__GATEWAY__REQUESTS_PER_SECOND=0 BITCRAPS__GATEWAY__MAX_CONNECTIONS_PER_ADDRESS=0
export BITCRAPS__NODE__LOG_LEVEL=warn
export BITCRAPS__CONSENSUS__INTERVAL="${INTERVAL:-0 ms}" BITCRAPS_NODE="$(realpath "$program")"
"$dir/net/start.sh" >/dev/null
gateways="http://127.0.0.1:$((base + 1)) http://127.0.0.1:$((base + 11))"
gateways="$gateways http://127.0.0.1:$((base + 21)) http://127.0.0.1:$((base + 31))"
for i in 0 1 2 3; do
    until "$program" --home "$dir/net/node$i" healthcheck >/dev/null 2>&1; do sleep 0.1; done
done
# shellcheck disable=SC2086 # the gateways are words
"$program" load --gateway $gateways --key "$dir/net/player.key" "$@"
