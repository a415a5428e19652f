#!/usr/bin/env bash
# Sourced by the scripts that need servers: starts them on free ports of the loopback interface, and stops them
# and removes $scratch when the script ends.

scratch="$(mktemp -d)"
server_pids=()
stop_servers() {
  local pid
  for pid in "${server_pids[@]}"; do
    kill "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  server_pids=()
}
trap 'stop_servers; rm -rf "$scratch"' EXIT

# start_server NAME PROGRAM [OPTION...]   sets server_pid and server_address once the server answers
start_server() {
  local name="$1"
  shift
  local port_file="$scratch/$name.port" log="$scratch/$name.log"
  "$@" --listen 127.0.0.1:0 --port-file "$port_file" >"$log" 2>&1 &
  server_pid=$!
  server_pids+=("$server_pid")
  for _ in {1..300}; do
    [[ ! -s "$port_file" ]] || break
    kill -0 "$server_pid" 2>/dev/null || break
    sleep 0.1
  done
  if [[ ! -s "$port_file" ]]; then
    echo "$0: $name did not start:" >&2
    cat "$log" >&2
    exit 1
  fi
  # Used by whoever sources this.
  # shellcheck disable=SC2034
  server_address="127.0.0.1:$(<"$port_file")"
}
