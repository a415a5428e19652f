#!/usr/bin/env bash
# Prints how many compilers to run at once: one per core, but no more than memory holds.
set -euo pipefail

# The largest translation units, those that see gRPC, take less than this.
readonly kib_per_job=$((1024 * 1024))

cores="$(nproc)"
available_kib="$(awk '/^MemAvailable:/ { print $2 }' /proc/meminfo)"
by_memory=$((available_kib / kib_per_job))
jobs=$((cores < by_memory ? cores : by_memory))
echo $((jobs > 0 ? jobs : 1))
