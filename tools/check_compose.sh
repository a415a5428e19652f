#!/usr/bin/env bash
# Checks that the compose file is valid, alone and with the override for the GPU. Exits 77 where no compose is there.
set -euo pipefail
cd "$(dirname "$0")/.."

if docker compose version >/dev/null 2>&1; then
  compose=(docker compose)
elif command -v docker-compose >/dev/null; then
  compose=(docker-compose)
else
  echo "no docker compose here"
  exit 77
fi
"${compose[@]}" -f docker-compose.yml config --quiet
"${compose[@]}" -f docker-compose.yml -f deploy/compose.gpu.yml config --quiet
