#!/usr/bin/env bash
# Measures Engram on a GPU, beside what one would use there instead: prints tables, writes OUT_DIR/gpu.json, and the
# parts of it (bench.json, gemm.json, service.json, peers.json, clocks.csv) beside it. Takes less than eight minutes.
#
#   bench/gpu/run.sh BUNDLE_OR_BUILD_DIR OUT_DIR [COMMIT]
#
# The first has bin/engram_gpu_bench: a build tree, or a bundle of it (tools/dist.sh ... --with-tests engram_gpu_bench
# engram_large_bank_bench engram_echo_server); without the other two no server is measured.
# COMMIT is what was built; without it, what is checked out here. PYTHON, python3 unless it is set, should have PyTorch;
# without it there are no peers. Its cuBLASLt is the rival of scans of many states; CUBLASLT names another file.
# Exits 0, 77 (there is no GPU) or otherwise (what failed is said so).
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
rm -f "$out"/{bench,gemm,service,peers,gpu}.json

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
timeout 245 "$bench" --seconds 165 --commit "$commit" --json "$out/bench.json" || status=$?
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

# The file of cuBLASLt that PyTorch has loaded, if any.
find_cublaslt() {
  timeout 20 "$python" -B - <<'END' 2>/dev/null || true
import torch

torch.cuda.is_available()
with open("/proc/self/maps", encoding="utf-8") as maps:
    paths = [line.split(maxsplit=5)[-1].strip() for line in maps if "/libcublasLt.so" in line]
print(paths[0] if paths else "")
END
}

printf '\n== Scans beside cuBLASLt\n'
gemm=0
timeout 35 "$bench" --gemm --cublaslt "${CUBLASLT:-$(find_cublaslt)}" --seconds 25 --commit "$commit" \
  --json "$out/gemm.json" || gemm=$?
[[ "$gemm" -eq 0 ]] || echo "run.sh: engram_gpu_bench --gemm ended with $gemm; what it measured is kept" >&2

printf '\n== A server on the same GPU\n'
service=0
if [[ -x "$1/bin/engram_large_bank_bench" && -x "$1/bin/engram_echo_server" ]]; then
  timeout --kill-after 5 65 "$here/service.sh" "$1" "$out" cuda --limit 50 || service=$?
  [[ "$service" -eq 0 ]] || echo "run.sh: service.sh ended with $service; what it measured is kept" >&2
else
  echo "run.sh: no server is measured: engram_large_bank_bench or engram_echo_server is missing" >&2
fi

printf '\n== Peers on the same GPU\n'
peers=0
timeout 100 "$python" -B "$here/peers.py" --seconds 80 --json "$out/peers.json" || peers=$?
[[ "$peers" -eq 0 ]] || echo "run.sh: peers.py ended with $peers: there are no peers, or not all of them" >&2

printf '\n== Goals\n'
"$python" -B "$here/goals.py" --bench "$out/bench.json" --peers "$out/peers.json" --gemm "$out/gemm.json" \
  --service "$out/service.json" --machine "$out/machine.txt" --out "$out/gpu.json"
[[ "$status" -ne 0 ]] || status="$gemm"
[[ "$status" -ne 0 ]] || status="$service"
exit "$status"
