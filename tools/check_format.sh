#!/usr/bin/env bash
# Checks that the C++ files are as clang-format would leave them, or makes them so.
#
#   tools/check_format.sh [--fix]
#
# Exits 77 where the tool is not there.
set -euo pipefail
cd "$(dirname "$0")/.."

# Versions disagree about details; this is the one that .clang-format was written for.
readonly version=14

formatter=""
for candidate in "clang-format-$version" clang-format; do
  if "$candidate" --version 2>/dev/null | grep --quiet "version $version\."; then
    formatter="$candidate"
    break
  fi
done
if [[ -z "$formatter" ]]; then
  echo "no clang-format $version here"
  exit 77
fi

mode=(--dry-run -Werror)
[[ "${1:-}" != --fix ]] || mode=(-i)
find bench client core deploy server tests -type f \
  \( -name '*.h' -o -name '*.cc' -o -name '*.cu' -o -name '*.cuh' \) -print0 |
  xargs -0 --no-run-if-empty "$formatter" "${mode[@]}"
