#!/usr/bin/env bash
# A sweep as a Slurm array: one task, one shard, one folder on a file system that all nodes see.
#
#     id=$(sbatch --parsable deploy/sweep/slurm.sh scenarios/MINE.yaml)
#     sbatch --dependency="afterany:$id" --wrap "bitcraps-sim merge sweeps/MINE/shard-* --out sweeps/MINE"
#
# `--shard auto` reads SLURM_ARRAY_TASK_ID, _MIN and _COUNT, so another `--array` is all that another number of shards takes.
# A task that is preempted, or whose node fails, is requeued and goes on where its folder ends; so does the same sbatch again.
# Exit codes 1, 2 and 3 are verdicts: Slurm calls the task FAILED, its rows are complete.
#SBATCH --job-name=bitcraps-sweep
#SBATCH --array=1-32
#SBATCH --cpus-per-task=8
#SBATCH --mem=8G
#SBATCH --time=04:00:00
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=bitcraps-sweep-%A-%a.log
set -euo pipefail

if [ $# -lt 1 ] || [ -z "${SLURM_ARRAY_TASK_ID:-}" ]; then
    echo "usage: sbatch $0 FILE [arguments of bitcraps-sim sweep]" >&2
    exit 64
fi
file=$1
shift
out=${OUT:-sweeps/$(basename "$file" .yaml)}

# The task's own exit code is the sweep's: exec, so that Slurm's signals reach it too.
exec "${BITCRAPS_SIM:-bitcraps-sim}" sweep "$file" "$@" --shard auto --jobs "${SLURM_CPUS_PER_TASK:-0}" \
    --out "$out/shard-$SLURM_ARRAY_TASK_ID"
