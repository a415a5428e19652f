#!/usr/bin/env bash
# Reproduces experiments of the papers through a server of its own; exits 1 if one does not agree.
#
#   run.sh BUILD_TREE [EXPERIMENT...] [OPTION...]
#
# Experiments: table1 basins contours digits recall mnist; default: all. Options go to each of them; every script has
# --help. digits and recall need ENGRAM_DIGITS=FILE or --digits FILE, mnist ENGRAM_MNIST=FILE or --mnist FILE, and are
# skipped without.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
# shellcheck source=bench/servers.sh
source "$here/../servers.sh"

readonly build="$1"
shift
experiments=()
while (($#)) && [[ "$1" != -* ]]; do
  experiments+=("$1")
  shift
done
((${#experiments[@]})) || experiments=(table1 basins contours digits recall mnist)

start_server engramd "$build/bin/engramd" --log-level warning

summary=()
failed=0
for experiment in "${experiments[@]}"; do
  printf '\n=== %s\n\n' "$experiment"
  status=0
  # Debian's interpreter: the one that python3-grpcio and python3-numpy are for.
  PYTHONPATH="$build/bench/paper/stubs" /usr/bin/python3 -B "$here/$experiment.py" --server "$server_address" \
    --golden "$here/../../tests/golden" "$@" || status=$?
  case "$status" in
    0) summary+=("agrees   $experiment") ;;
    77) summary+=("SKIPPED  $experiment") ;;
    *)
      summary+=("FAILED   $experiment")
      failed=1
      ;;
  esac
done

printf '\n=== summary\n\n'
printf '%s\n' "${summary[@]}"
exit "$failed"
