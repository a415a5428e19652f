#!/usr/bin/env bash
# Reproduces Table 1 of the founding paper through a server of its own; exits 1 if it does not agree.
#
#   run.sh BUILD_TREE [--trials COUNT] [--seed SEED]
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
# shellcheck source=bench/servers.sh
source "$here/../servers.sh"

readonly build="$1"
shift

start_server engramd "$build/bin/engramd" --log-level warning
# Debian's interpreter: the one that python3-grpcio and python3-numpy are for.
PYTHONPATH="$build/bench/paper/stubs" /usr/bin/python3 -B "$here/table1.py" --server "$server_address" \
  --reference "$here/../../tests/golden/table1_metastable.json" "$@"
