#!/usr/bin/env bash
# Measures one client's calls to engramd on loopback, over large banks, beside an echo: writes OUT_DIR/service.json.
#
#   bench/gpu/service.sh BUNDLE_OR_BUILD_DIR OUT_DIR [BACKEND [OPTION...]]
#
# BACKEND is engramd's, cuda unless it is given; the options are those of engram_large_bank_bench.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"

if [[ $# -lt 2 ]]; then
  echo "service.sh: needs BUNDLE_OR_BUILD_DIR and OUT_DIR" >&2
  exit 2
fi
readonly bin="$1/bin" out="$2" backend="${3:-cuda}"
for program in engramd engram_echo_server engram_large_bank_bench; do
  [[ -x "$bin/$program" ]] || { echo "service.sh: $bin/$program is missing; build it first" >&2; exit 2; }
done
# shellcheck source=bench/servers.sh
source "$here/../servers.sh"
mkdir -p "$out"

start_server engramd "$bin/engramd" --backend "$backend" --metrics-listen 127.0.0.1:0
engramd_address="$server_address"
# Where metrics are served is told by the log alone.
# shellcheck disable=SC2154  # Set by servers.sh.
metrics_port="$(awk '/ serving metrics / { sub(/.* port=/, ""); print $1; exit }' "$scratch/engramd.log")"
start_server echo "$bin/engram_echo_server"
"$bin/engram_large_bank_bench" --engram "$engramd_address" --metrics-port "$metrics_port" --echo "$server_address" \
  --json "$out/service.json" "${@:4}"
