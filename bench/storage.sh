#!/usr/bin/env bash
# Measures durable writes and start-up beside what the disk does alone, in one run. `bench/run.sh` has it in its turn.
#
#   storage.sh BUILD_TREE FOLDER [OPTION of engram_storage_bench...]
#
# FOLDER, which must exist, is on the disk to be measured.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
# shellcheck source=bench/servers.sh
source "$here/servers.sh"

readonly bin="$1/bin"
work="$(mktemp -d "$2/engram-bench.XXXXXX")"
readonly work
shift 2
trap 'stop_servers; rm -rf "$scratch" "$work"' EXIT

start_server engramd "$bin/engramd" --log-level warning --data-dir "$work/data"
"$bin/engram_storage_bench" --engram "$server_address" --folder "$work" "$@"
stop_servers

# Reading each file once, from the disk: what is in memory is given up first.
forget() {
  sync
  for file in "$work"/data/*.sst; do dd if="$file" iflag=nocache count=0 status=none; done
}
seconds() { /usr/bin/python3 -c "import time; print(f'{time.time():.3f}')"; }

for round in 1 2 3; do
  forget
  begin="$(seconds)"
  cat "$work"/data/*.sst >/dev/null
  raw="$(/usr/bin/python3 -c "print(f'{$(seconds) - $begin:.3f}')")"
  forget
  start_server "start$round" "$bin/engramd" --log-level info --data-dir "$work/data"
  until grep -q "all banks ready" "$scratch/start$round.log"; do sleep 0.05; done
  load="$(sed -n 's/.*all banks ready.* seconds=//p' "$scratch/start$round.log")"
  stop_servers
  echo "start $round: loading $load s, reading the files $raw s: $(/usr/bin/python3 -c "print(f'{$raw / $load:.2f}')") of its speed"
done
