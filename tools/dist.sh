#!/usr/bin/env bash
# Packs engramd and engram of a build tree, with the libraries that they need, to run on machines without them.
#
#   tools/dist.sh BUILD_DIR OUTPUT_DIR [--with-tests PROGRAM...]
#
# Makes OUTPUT_DIR/engram-VERSION-linux-ARCH, with bin/, lib/, licences/ and README.txt, and the same as .tar.gz; both are
# replaced if they are there, and left as they are if something fails. Only glibc and the NVIDIA driver stay the other
# machine's. --with-tests adds test programs (names in BUILD_DIR/bin, or paths) and run-gpu-tests.sh, which runs them.
# The same programs make the same archive: its times are SOURCE_DATE_EPOCH, else the commit's.
#
# Exits 0, 1 (something is missing or the result does not run) or 2 (wrong arguments).
set -euo pipefail

fail() {
  echo "dist: $1" >&2
  exit "${2:-1}"
}

usage() {
  awk 'NR > 1 && !/^#/ { exit } NR > 1 { sub(/^# ?/, ""); print }' "$0"
}

# Libraries that must be the machine's own: glibc's, which fit its loader and kernel, and the driver's.
readonly glibc='linux-vdso|ld-linux.*|libc|libm|libmvec|libdl|libpthread|librt|libutil|libanl|libresolv'
readonly system_library="^($glibc|libcuda|libnvidia.*)\\.so(\\.|\$)"

is_program() {
  readelf --program-headers "$1" 2>/dev/null | grep 'program interpreter' >/dev/null
}

# resolve PROGRAM [OPTION OF env...]: for each library that the loader would load, directly or not, its name and its
# path, if any.
resolve() {
  env "${@:2}" LD_TRACE_LOADED_OBJECTS=1 "$1" | awk '
    $2 == "=>" { print $1, ($3 == "not" ? "" : $3) }
    $1 ~ /^\// { print $1, $1 }'
}

# copy_licence LIBRARY: into licences/ of the bundle, that of its package, if one of Debian's has it.
copy_licence() {
  local path package
  # Packages may name a file by the older of two folders that are one.
  for path in "$1" "$(realpath "$1")" "${1#/usr}"; do
    package="$(dpkg --search "$path" 2>/dev/null | head --lines 1 | cut --delimiter : --fields 1)" || continue
    [[ -n "$package" && -f "/usr/share/doc/$package/copyright" ]] || continue
    install -D --mode 0644 "/usr/share/doc/$package/copyright" "$bundle/licences/$package"
    return
  done
  echo "dist: the licence of $1 was not found: the bundle is without" >&2
}

# copy_libraries PROGRAM: into lib/ of the bundle.
copy_libraries() {
  local resolved name path
  resolved="$(resolve "$1")" || fail "$1 does not run on this machine"
  while read -r name path; do
    # A library that is needed by its path is not looked for in lib/: the check at the end names it.
    [[ -n "$name" && "$name" != /* ]] || continue
    [[ ! "$name" =~ $system_library ]] || continue
    [[ -n "$path" ]] || fail "$1 needs $name, which is not found on this machine"
    [[ ! -e "$bundle/lib/$name" ]] || continue
    install --mode 0644 "$path" "$bundle/lib/$name"
    copy_licence "$path"
  done <<<"$resolved"
}

# add_program PATH: into bin/ of the bundle, its libraries beside it.
add_program() {
  [[ -f "$1" ]] || fail "$1 is missing; build it first"
  is_program "$1" || fail "$1 is not a dynamically linked program"
  copy_libraries "$1"
  install --mode 0755 "$1" "$bundle/bin/"
}

# An RPATH, unlike a RUNPATH, comes before LD_LIBRARY_PATH: what other software set there is not mixed in.
set_run_paths() {
  local file
  # shellcheck disable=SC2016  # The loader expands $ORIGIN, to the folder of the file itself.
  local -r beside='$ORIGIN' from_bin='$ORIGIN/../lib'
  for file in "$bundle"/bin/*; do
    strip "$file"
    patchelf --force-rpath --set-rpath "$from_bin" "$file"
  done
  for file in "$bundle"/lib/*; do
    strip --strip-unneeded "$file"
    patchelf --force-rpath --set-rpath "$beside" "$file"
  done
}

# The newest version of glibc that a file of the bundle asks for.
glibc_version() {
  readelf --version-info --wide "$bundle"/bin/* "$bundle"/lib/* | grep --only-matching 'GLIBC_[0-9.]*[0-9]' |
    sort --unique --version-sort | tail --lines 1 | cut --delimiter _ --fields 2
}

# What the GPU needs, in words. The toolkit's version is known to the build tree only, for cudart is linked in.
gpu_needs() {
  if ! readelf --section-headers --wide "$bundle/bin/engramd" | grep -F .nv_fatbin >/dev/null; then
    echo "This build computes on the CPU only."
    return
  fi
  local toolkit driver
  toolkit="$(find "$build/CMakeFiles" -name CMakeCUDACompiler.cmake -exec \
    awk -F '"' '/^set\(CMAKE_CUDA_COMPILER_VERSION / { print $2; exit }' {} + 2>/dev/null)" || true
  # NVIDIA's table of the oldest driver for each major version of the toolkit.
  case "$toolkit" in
    12.*) driver="525.60.13 or later" ;;
    13.*) driver="580 or later" ;;
    *) driver="of a version that knows CUDA ${toolkit:-as the build has it}" ;;
  esac
  echo "For the GPU: the NVIDIA driver, $driver (\`nvidia-smi\` tells), and nothing of the CUDA toolkit. Without"
  echo "it the programs run on the CPU; \`bin/engramd --backend cuda\` insists on the GPU and says what is missing."
}

write_readme() {
  cat <<END
Engram $version for Linux on $architecture

Needs glibc $needed_glibc or later (\`ldd --version\` tells). All other libraries are in lib/, and the programs find
them wherever this folder is, as long as bin/ and lib/ stay side by side. Their licences are in licences/.

$(gpu_needs)

  bin/engramd --data-dir PATH      serves on 127.0.0.1:7411; without a directory the banks are gone when it stops
  bin/engram info                  in another terminal: talks to it
  bin/engramd --help               lists the options, bin/engram --help the commands

engramd that exits with 75 has lost its device and wants to be started again: let a supervisor do that, as in systemd
with Restart=on-failure.
END
  if [[ ${#tests[@]} -gt 0 ]]; then
    printf '\nrun-gpu-tests.sh runs the test programs in bin/ and sums up; its options go to each, for instance\n'
    printf '%s\n' "--gtest_filter='*Cuda*'."
  fi
}

# Runs what was packed, from another place and with nothing set, and looks where its libraries come from.
check_bundle() {
  local program name path resolved
  for program in "$1"/bin/*; do
    resolved="$(resolve "$program" --ignore-environment)" ||
      fail "bin/${program##*/} does not load from the bundle"
    while read -r name path; do
      [[ ! "${name##*/}" =~ $system_library ]] || continue
      [[ -n "$path" ]] || fail "bin/${program##*/} does not find $name in the bundle"
      [[ "$(realpath "$path")" == "$1"/lib/* ]] || fail "bin/${program##*/} loads $path from outside the bundle"
    done <<<"$resolved"
  done
  for program in engramd engram; do
    env --ignore-environment "$1/bin/$program" --version >/dev/null || fail "bin/$program does not run from the bundle"
  done
}

if [[ "${1:-}" == --help || "${1:-}" == -h ]]; then
  usage
  exit 0
fi
[[ $# -ge 2 ]] || fail "needs BUILD_DIR and OUTPUT_DIR; --help says more" 2
build="$1"
output="$2"
tests=()
if [[ $# -gt 2 ]]; then
  [[ "$3" == --with-tests ]] || fail "unknown argument '$3'; --help says more" 2
  [[ $# -gt 3 ]] || fail "--with-tests needs the names of test programs" 2
  tests=("${@:4}")
fi
for tool in patchelf readelf strip; do
  command -v "$tool" >/dev/null || fail "$tool is missing; tools/setup.sh dist installs it"
done
source_dir="$(cd "$(dirname "$0")/.." && pwd)"
readonly build output tests source_dir

umask 022
scratch="$(realpath "$(mktemp --directory)")"
trap 'rm -rf "$scratch"' EXIT
readonly bundle="$scratch/bundle"
mkdir -p "$bundle/bin" "$bundle/lib" "$scratch/unpacked"

add_program "$build/bin/engramd"
add_program "$build/bin/engram"
for test in "${tests[@]}"; do
  [[ "$test" == */* ]] || test="$build/bin/$test"
  add_program "$test"
done
set_run_paths

version="$("$bundle/bin/engramd" --version | awk '$2 ~ /^[0-9]+\.[0-9]+\.[0-9]+/ { print $2 }')" ||
  fail "$build/bin/engramd --version failed"
[[ -n "$version" ]] || fail "$build/bin/engramd --version tells no version"
needed_glibc="$(glibc_version)" || fail "the programs do not tell which glibc they need"
architecture="$(uname -m)"
readonly version needed_glibc architecture packed="engram-$version-linux-$architecture"
write_readme >"$bundle/README.txt"
[[ ${#tests[@]} -eq 0 ]] || install --mode 0755 "$source_dir/deploy/bundle/run-gpu-tests.sh" "$bundle/"

epoch="${SOURCE_DATE_EPOCH:-$(git -C "$source_dir" log -1 --format=%ct 2>/dev/null || echo 0)}"
mv "$bundle" "$scratch/$packed"
tar --create --directory "$scratch" --sort name --owner 0 --group 0 --numeric-owner --format gnu \
  --mtime "@$epoch" "$packed" | gzip --no-name >"$scratch/$packed.tar.gz"

# What is checked and handed over is what others will unpack.
tar --extract --directory "$scratch/unpacked" --file "$scratch/$packed.tar.gz" --no-same-owner
check_bundle "$scratch/unpacked/$packed"
mkdir -p "$output"
rm -rf "${output:?}/$packed"
mv "$scratch/unpacked/$packed" "$output/"
mv "$scratch/$packed.tar.gz" "$output/"
echo "dist: $output/$packed.tar.gz, $(du --human-readable "$output/$packed.tar.gz" | cut --fields 1)"
