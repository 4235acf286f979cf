#!/usr/bin/env bash
# A sweep as shards under GNU parallel, on this machine or over ssh, and the merge of all.
#
#     deploy/sweep/parallel.sh scenarios/MINE.yaml                            # four shards, here
#     SHARDS=64 HOSTS=hosts.txt deploy/sweep/parallel.sh scenarios/MINE.yaml  # on the hosts of a --sshloginfile
#
# Hosts must see this folder under the same path, and have the program. The same command again goes on where it ended.
# On one machine `bitcraps-sim sweep` alone is as fast: it uses all cores.
# SHARDS (4; on one machine not more than it has cores), HOSTS (none), OUT (sweeps/<file>), BITCRAPS_SIM (bitcraps-sim).
# Exit code: that of the merge; or of a shard that could not finish, which leaves nothing to merge.
set -euo pipefail

if [ $# -lt 1 ]; then
    echo "usage: $0 FILE [arguments of bitcraps-sim sweep]" >&2
    exit 64
fi
file=$1
shift
shards=${SHARDS:-4}
out=${OUT:-sweeps/$(basename "$file" .yaml)}
sim=${BITCRAPS_SIM:-bitcraps-sim}
log=$out/parallel.log
mkdir -p "$out"

command -v parallel >/dev/null || { echo "GNU parallel is not installed" >&2; exit 70; }
rm -f "$log"

# On one machine the shards share its cores: one run at a time each.
where=(--jobs "$shards")
each=(--jobs 1)
if [ -n "${HOSTS:-}" ]; then
    where=(--jobs 1 --sshloginfile "$HOSTS" --workdir "$PWD")
    each=()
fi
# A shard that found a violation ends with 1, and the others go on; parallel's own code is how many did, so it is not asked.
seq "$shards" | parallel --quote "${where[@]}" --joblog "$log" --tagstring 'shard {}' --line-buffer \
    "$sim" sweep "$file" "$@" "${each[@]}" --shard "{}/$shards" --out "$out/shard-{}" || true

# The log has a line for each shard: the exit code is its seventh column, the signal that killed it its eighth. Verdicts are 0 to 3.
awk -v shards="$shards" '
    NR > 1 { ended++; code = $8 ? 128 + $8 : $7; if (code > 3) { print "shard " $1 " ended with " code > "/dev/stderr"; if (code > worst) worst = code } }
    END { if (ended < shards) worst = worst ? worst : 70; exit worst }' "$log"

exec "$sim" merge "$out"/shard-* --out "$out"
