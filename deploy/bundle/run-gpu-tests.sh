#!/usr/bin/env bash
# Runs the test programs of a bundle, all but engramd, engram, benchmarks (*_bench) and their servers (*_server), and
# sums up.
#
#   ./run-gpu-tests.sh [OPTION...]     options of GoogleTest, for each program
#
# TIMEOUT_SECONDS bounds each program, 600 unless it is set. Exits 0, 1 (a program failed) or 77 (no test ran: all
# were skipped).
set -euo pipefail
cd "$(dirname "$0")"

output="$(mktemp)"
trap 'rm -f "$output"' EXIT

# count WORD: how many tests the last lines of a program say PASSED or SKIPPED.
count() {
  awk -v word="$1" '$1 == "[" && $2 == word && $3 == "]" && $4 ~ /^[0-9]+$/ { n = $4 } END { print n + 0 }' "$output"
}

ok=0
skipped=0
failed=0
for program in bin/*; do
  name="${program##*/}"
  [[ "$name" != engramd && "$name" != engram && "$name" != *_bench && "$name" != *_server ]] || continue
  status=0
  timeout "${TIMEOUT_SECONDS:-600}" "$program" "$@" >"$output" 2>&1 </dev/null || status=$?
  counts="$(count PASSED) passed, $(count SKIPPED) skipped"
  if [[ "$status" -eq 124 ]]; then
    echo "FAILED   $name: not done after ${TIMEOUT_SECONDS:-600} s"
  elif [[ "$status" -ne 0 ]]; then
    echo "FAILED   $name: exit code $status"
  elif [[ "$(count PASSED)" -eq 0 ]]; then
    echo "SKIPPED  $name: $counts"
    skipped=$((skipped + 1))
    continue
  else
    echo "ok       $name: $counts"
    ok=$((ok + 1))
    continue
  fi
  failed=$((failed + 1))
  awk '{ print "         " $0 }' "$output"
done

echo "$ok ok, $skipped skipped, $failed failed"
[[ "$failed" -eq 0 ]] || exit 1
[[ "$ok" -gt 0 ]] || exit 77
