#!/usr/bin/env bash
# Runs the benchmarks: prints tables, and writes every figure to BUILD_TREE/bench/*.json. Takes about ten minutes.
#
#   run.sh BUILD_TREE
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
# shellcheck source=bench/servers.sh
source "$here/servers.sh"

readonly build="$1"
readonly bin="$build/bin" results="$build/bench"
mkdir -p "$results"

# Interleaved repetitions, because the machine is not the same from minute to minute.
run_google_benchmark() {
  local name="$1" out="$results/$1.json"
  shift
  "$bin/engram_${name}_bench" --benchmark_repetitions=3 --benchmark_enable_random_interleaving=true \
    --benchmark_report_aggregates_only=true --benchmark_out="$out" --benchmark_out_format=json "$@" >/dev/null
  /usr/bin/python3 -B "$here/table.py" "$out"
}

echo "== Retrieve through gRPC, and the server's memory"
start_server engramd "$bin/engramd" --log-level warning
engramd_address="$server_address"
engramd_pid="$server_pid"
start_server echo "$bin/engram_echo_server"
"$bin/engram_rpc_bench" --engram "$engramd_address" --engram-pid "$engramd_pid" --echo "$server_address" \
  --json "$results/rpc.json"
stop_servers

printf '\n== Goals of the service\n'
start_server engramd "$bin/engramd" --log-level warning
engramd_address="$server_address"
engramd_pid="$server_pid"
start_server unbatched "$bin/engramd" --log-level warning --max-batch 1
unbatched_address="$server_address"
start_server echo "$bin/engram_echo_server"
"$bin/engram_service_bench" --engram "$engramd_address" --unbatched "$unbatched_address" --echo "$server_address" \
  --engram-pid "$engramd_pid" --echo-pid "$server_pid" --json "$results/service.json"
stop_servers

printf '\n== Durable writes, and start-up\n'
"$here/storage.sh" "$build" "$results" --json "$results/storage.json"

printf '\n== Sweeps\n'
run_google_benchmark sweep --benchmark_min_time=0.05

printf '\n== Projections\n'
run_google_benchmark transform --benchmark_min_time=0.02
