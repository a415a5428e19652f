#!/usr/bin/env bash
# Runs every tools/check_* and reports one line for each. A check exits 0 (ok), 77 (skipped: what it needs is
# not here) or otherwise (failed); exits 1 if one failed.
set -euo pipefail
cd "$(dirname "$0")/.."

failed=0
for check in tools/check_*; do
  status=0
  output="$("$check" 2>&1)" || status=$?
  case "$status" in
    0) echo "ok       $check" ;;
    77) echo "SKIPPED  $check: $output" ;;
    *)
      echo "FAILED   $check"
      [[ -z "$output" ]] || awk '{ print "         " $0 }' <<<"$output"
      failed=1
      ;;
  esac
done
exit "$failed"
