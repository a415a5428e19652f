#!/usr/bin/env bash
# Shows an associative memory at work: stores images of characters, asks with damaged ones.
#
#   demo.sh BUILD_TREE      one that has bin/engramd, bin/engram and demo/glyphs.npy
#
# Starts a server of its own on a free port of the loopback interface and stops it.
set -euo pipefail

readonly build="$1"
readonly images="$build/demo"
PATH="$build/bin:$PATH"
# At this beta the scores of look-alikes are close together: that is what tells the transformations apart.
readonly beta=0.1

scratch="$(mktemp -d)"
server=""
clean_up() {
  [[ -z "$server" ]] || kill "$server" 2>/dev/null || true
  rm -rf "$scratch"
}
trap clean_up EXIT

say() { printf '\n%s\n' "$@"; }

run() {
  printf '\n$ %s\n' "${*//"$images/"/}"
  "$@"
}

start_server() {
  engramd --listen 127.0.0.1:0 --port-file "$scratch/port" >"$scratch/log" 2>&1 &
  server=$!
  for _ in {1..300}; do
    [[ ! -s "$scratch/port" ]] || break
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
  done
  if [[ ! -s "$scratch/port" ]]; then
    echo "demo: the server did not start:" >&2
    cat "$scratch/log" >&2
    exit 1
  fi
  ENGRAM_SERVER="127.0.0.1:$(<"$scratch/port")"
  export ENGRAM_SERVER
}

stop_server() {
  kill -TERM "$server"
  local status=0
  wait "$server" || status=$?
  server=""
  if [[ "$status" -ne 0 ]]; then
    echo "demo: the server ended with $status:" >&2
    cat "$scratch/log" >&2
    exit 1
  fi
}

ask() {
  local cue="$1"
  shift
  run engram retrieve glyphs --query "$images/$cue.npy" --beta "$beta" "$@" --payloads --show 28x28
}

# How many cues of a set recalled exactly the pattern they were made from.
recalled() {
  local cues="$1"
  shift
  engram retrieve glyphs --query "$images/$cues.npy" "$@" --payloads --output json >"$scratch/answers"
  jq --raw-output '.retrievals[] | if .exact then .support[0].payload else "-" end' "$scratch/answers" |
    paste - "$images/$cues.txt" | awk -F '\t' '$1 == $2 { ++count } END { print count + 0 }'
}

start_server
say "1. A server holds memory banks. This one gets $(wc -l <"$images/glyphs.txt") characters, drawn from DejaVu as 28 x 28 pixels."
run engram bank create glyphs --dim 784
run engram store glyphs "$images/glyphs.npy" --payloads "$images/glyphs.txt"

say "2. Asked with the upper half of a character, softmax answers with a blend of all that look like it;" \
  "   sparsemax with the one that was stored, to the last bit."
ask ask_half --transform softmax
ask ask_half --transform sparsemax

say "3. Asked under heavy noise, the same."
ask ask_noisy --transform softmax
ask ask_noisy --transform sparsemax

say "4. Asked with two characters at once, top-k recalls both."
ask ask_mixed --transform softmax
ask ask_mixed --top-k 2

total="$(wc -l <"$images/half.txt")"
say "5. Of $total characters each, recalled exactly:"
printf '\n   %-12s %12s %12s\n' "" "upper half" "under noise"
for sharpness in "$beta" 0.2 0.5; do
  for transform in softmax sparsemax; do
    printf '   %-12s %12s %12s   beta %s\n' "$transform" \
      "$(recalled half --transform "$transform" --beta "$sharpness")" \
      "$(recalled noisy --transform "$transform" --beta "$sharpness")" "$sharpness"
  done
done

stop_server
say "The server has stopped. 'make serve' starts one to keep."
