#!/usr/bin/env bash
# Checks the shell scripts with shellcheck. Exits 77 where it is not there.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v shellcheck >/dev/null; then
  echo "no shellcheck here"
  exit 77
fi

find .ci bench deploy tests tools -type f \( -name '*.sh' -o -path '.ci/run' \) -print0 |
  xargs -0 shellcheck
