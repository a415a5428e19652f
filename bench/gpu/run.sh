#!/usr/bin/env bash
# Measures Engram on a GPU, beside what one would use there instead: prints tables, writes OUT_DIR/gpu.json, and the
# parts of it (bench.json, peers.json, clocks.csv) beside it. Takes less than eight minutes.
#
#   bench/gpu/run.sh BUNDLE_OR_BUILD_DIR OUT_DIR [COMMIT]
#
# The first has bin/engram_gpu_bench: a build tree, or a bundle of it (tools/dist.sh ... --with-tests engram_gpu_bench).
# COMMIT is what was built; without it, what is checked out here. PYTHON, python3 unless it is set, should have PyTorch;
# without it there are no peers. Exits 0, 77 (there is no GPU) or otherwise (what failed is said so).
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"

if [[ $# -lt 2 || $# -gt 3 ]]; then
  echo "run.sh: needs BUNDLE_OR_BUILD_DIR and OUT_DIR, and perhaps COMMIT" >&2
  exit 2
fi
readonly bench="$1/bin/engram_gpu_bench" out="$2"
readonly python="${PYTHON:-python3}"
commit="${3:-$(git -C "$here" describe --always --dirty --abbrev=12 2>/dev/null || echo unknown)}"
if [[ ! -x "$bench" ]]; then
  echo "run.sh: $bench is missing; build engram_gpu_bench first" >&2
  exit 2
fi
mkdir -p "$out"
rm -f "$out"/{bench,peers,gpu}.json

# Of the device as it is found; nothing is set.
describe() {
  local fields="name driver_version pstate clocks.sm clocks.max.sm clocks.mem clocks.max.mem memory.total temperature.gpu"
  local field
  for field in $fields; do
    echo "$1 $field: $(nvidia-smi --query-gpu="$field" --format=csv,noheader 2>/dev/null | head -n 1 || true)"
  done
}

{
  echo "date: $(date --utc +%Y-%m-%dT%H:%M:%SZ)"
  echo "commit: $commit"
  echo "processor: $(awk -F ': ' '/^model name/ { print $2; exit }' /proc/cpuinfo)"
  echo "cores: $(nproc)"
  echo "system: $(uname --kernel-name --kernel-release --machine)"
  describe before
} >"$out/machine.txt"

# The bounds add up to less than eight minutes; each part ends early by itself, and leaves what it has.
echo "== Engram"
# The clocks meanwhile, which a device that has nothing to do does not show.
clocks=""
if command -v nvidia-smi >/dev/null; then
  nvidia-smi --query-gpu=timestamp,clocks.sm,clocks.mem,power.draw,temperature.gpu --format=csv --loop=2 \
    >"$out/clocks.csv" 2>&1 &
  clocks="$!"
  trap 'kill "$clocks" 2>/dev/null || true' EXIT
fi
status=0
timeout 310 "$bench" --seconds 210 --commit "$commit" --json "$out/bench.json" || status=$?
{
  describe after
  if [[ -n "$clocks" ]]; then
    echo "clocks.sm seen, at most: $(awk -F ', ' 'NR > 1 && $2 + 0 > n { n = $2 + 0 } END { print n + 0 }' "$out/clocks.csv") MHz"
  fi
} >>"$out/machine.txt"
if [[ "$status" -ne 0 ]]; then
  echo "run.sh: engram_gpu_bench ended with $status; what it measured is kept" >&2
fi
[[ "$status" -ne 77 ]] || exit 77

printf '\n== Peers on the same GPU\n'
peers=0
timeout 160 "$python" -B "$here/peers.py" --seconds 120 --json "$out/peers.json" || peers=$?
[[ "$peers" -eq 0 ]] || echo "run.sh: peers.py ended with $peers: there are no peers, or not all of them" >&2

printf '\n== Goals\n'
"$python" -B "$here/goals.py" --bench "$out/bench.json" --peers "$out/peers.json" --machine "$out/machine.txt" \
  --out "$out/gpu.json"
exit "$status"
