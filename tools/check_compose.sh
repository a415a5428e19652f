#!/usr/bin/env bash
# Checks that the compose file is valid. Exits 77 where no compose is there.
set -euo pipefail
cd "$(dirname "$0")/.."

if docker compose version >/dev/null 2>&1; then
  docker compose config --quiet
elif command -v docker-compose >/dev/null; then
  docker-compose config --quiet
else
  echo "no docker compose here"
  exit 77
fi
