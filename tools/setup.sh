#!/usr/bin/env bash
# Installs what building, testing and showing Engram needs on Debian 12 or Ubuntu 24.04.
#
#   tools/setup.sh [SECTION...]     sections of tools/packages.txt; default: build test demo dist
#
# Asks nothing; does nothing when everything is there. Needs root or sudo only if something is missing.
set -euo pipefail

list="$(dirname "$0")/packages.txt"

packages_of() {
  awk -v section="[$1]" '
    /^\[/ { inside = ($0 == section); found = found || inside; next }
    inside && NF && !/^#/ { print $1 }
    END { exit !found }' "$list" || { echo "setup: no section '$1' in $list" >&2; exit 2; }
}

is_installed() {
  [[ "$(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null)" == installed ]]
}

as_root() {
  if [[ "$(id -u)" -eq 0 ]]; then "$@"; else sudo "$@"; fi
}

[[ $# -gt 0 ]] || set -- build test demo dist

if ! command -v apt-get >/dev/null; then
  echo "setup: no apt-get here; please install the equivalents of the packages in $list" >&2
  exit 1
fi

missing=()
for section in "$@"; do
  packages="$(packages_of "$section")"
  for package in $packages; do
    is_installed "$package" || missing+=("$package")
  done
done

if [[ ${#missing[@]} -eq 0 ]]; then
  echo "setup: everything for $* is installed"
  exit 0
fi

echo "setup: installing for $*: ${missing[*]}"
readonly apt=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300)
as_root "${apt[@]}" update
as_root "${apt[@]}" install --yes --no-install-recommends "${missing[@]}" >/dev/null
echo "setup: done"
