#!/usr/bin/env bash
# Runs the GPU's tests plainly, and a part of them under compute-sanitizer where it is found, and sums up.
#
#   tools/gpu_check.sh BUNDLE_OR_BUILD_DIR [FILTER]
#
# FILTER is GoogleTest's, of the tests that are run under compute-sanitizer's memcheck and racecheck, which take ten
# times as long and more. COMPUTE_SANITIZER names the program, TIMEOUT_SECONDS, 240 unless it is set, bounds each run.
# Exits 0, 1 (a run failed), 2 (wrong arguments) or 77 (there is no GPU).
set -euo pipefail

if [[ $# -lt 1 || $# -gt 2 ]]; then
  echo "gpu_check: needs BUNDLE_OR_BUILD_DIR, and perhaps FILTER" >&2
  exit 2
fi
readonly bin="$1/bin"
readonly short='*.ManyStatesGoThroughTensorCoresInGroups:*.NearMissesServeLaterStates:*.ListsThatOverflowLoseNothing*'
readonly streams='*.AStateHasTheSameBytesInAnyCompany*'
readonly filter="${2:-$short:$streams:*.SeparationsHaveTheSameBytes*}"
# The first needs a device for everything.
readonly programs=(gpu_sweeper_test gpu_multi_device_test gpu_streamed_rows_test gpu_conformance_test)
output="$(mktemp)"
trap 'rm -f "$output"' EXIT

for program in "${programs[@]}"; do
  [[ -x "$bin/$program" ]] || { echo "gpu_check: $bin/$program is missing; build it first" >&2; exit 2; }
done

sanitizer="${COMPUTE_SANITIZER:-$(command -v compute-sanitizer || true)}"
if [[ -z "$sanitizer" && -x /usr/local/cuda/bin/compute-sanitizer ]]; then
  sanitizer=/usr/local/cuda/bin/compute-sanitizer
fi

ok=0
skipped=0
failed=0
# run NAME COMMAND...: one line, and the output of what failed.
run() {
  local name="$1" status=0 passed
  shift
  timeout "${TIMEOUT_SECONDS:-240}" "$@" >"$output" 2>&1 </dev/null || status=$?
  passed="$(awk '$1 == "[" && $2 == "PASSED" && $3 == "]" { n = $4 } END { print n + 0 }' "$output")"
  if [[ "$status" -eq 0 && "$passed" -eq 0 ]]; then
    echo "SKIPPED  $name: no test ran"
    skipped=$((skipped + 1))
  elif [[ "$status" -eq 0 ]]; then
    echo "ok       $name: $passed passed"
    ok=$((ok + 1))
  else
    [[ "$status" -ne 124 ]] || name="$name: not done after ${TIMEOUT_SECONDS:-240} s"
    echo "FAILED   $name: exit code $status"
    tail -n 60 "$output" | awk '{ print "         " $0 }'
    failed=$((failed + 1))
  fi
}

for program in "${programs[@]}"; do
  run "$program" "$bin/$program"
  if [[ "$skipped" -gt 0 ]]; then
    echo "gpu_check: there is no GPU that works; $bin/$program says more"
    exit 77
  fi
done
if [[ -z "$sanitizer" ]]; then
  echo "SKIPPED  compute-sanitizer: it is not here"
  skipped=$((skipped + 1))
else
  for program in "${programs[@]}"; do
    for tool in memcheck racecheck; do
      run "$program under $tool" "$sanitizer" --tool "$tool" --error-exitcode 1 "$bin/$program" \
        --gtest_filter="$filter"
    done
  done
fi

echo "$ok ok, $skipped skipped, $failed failed"
[[ "$failed" -eq 0 ]]
