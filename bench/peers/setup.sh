#!/usr/bin/env bash
# Installs what Engram is compared with into a virtual environment outside of the tree. Nothing of it is part of the
# project or is needed to build, test or run it.
#
#   setup.sh [FOLDER]     default: ${XDG_CACHE_HOME:-~/.cache}/engram/peers; 4 GB
#
# * numpy, faiss-cpu, hnswlib, entmax (deep-spin) and threadpoolctl come from the Python package index, in the
#   versions below. hnswlib is compiled here, for this processor.
# * torch: the wheel for CPUs alone is on PyTorch's own index. Where that cannot be reached, the one of the package
#   index is taken, which is linked with CUDA: of its dependencies only the libraries without which it cannot be
#   imported, 2 GB to download, are installed. Its arithmetic on a CPU is the same.
# * Debian's FAISS and OpenBLAS are unpacked into FOLDER/debian where apt knows them; nothing is installed.
#
# What cannot be had is left out with a line that says so; the comparison then goes without it.
set -euo pipefail

readonly folder="${1:-${XDG_CACHE_HOME:-$HOME/.cache}/engram/peers}"
readonly torch=2.11.0
readonly pip=("$folder/bin/pip" --disable-pip-version-check install --quiet)

# Debian's interpreter first: its packages fit no other.
python=python3
[[ ! -x /usr/bin/python3 ]] || python=/usr/bin/python3

left_out() { echo "left out: $1" >&2; }

install_torch() {
  "${pip[@]}" typing-extensions filelock jinja2 fsspec networkx sympy
  local cpu_index=https://download.pytorch.org/whl/cpu
  if "${pip[@]}" --no-deps --retries 0 --index-url "$cpu_index" "torch==$torch" 2>/dev/null; then
    return
  fi
  "${pip[@]}" --no-deps "torch==$torch" nvidia-cudnn-cu13==9.19.0.56 nvidia-cusparselt-cu13==0.8.0 \
    nvidia-nccl-cu13==2.28.9 nvidia-nvshmem-cu13==3.4.5
  # pip remarks that torch lacks the others.
  "${pip[@]}" 'cuda-toolkit[cublas,cudart,cufft,cufile,cupti,curand,cusparse,nvjitlink]==13.0.2' 2>/dev/null
  "$folder/bin/python" -c 'import torch'
}

# Unpacks packages of Debian. FAISS is linked with whatever BLAS the system has; here it gets OpenBLAS.
unpack_debian() {
  local packages
  packages="$(mktemp -d)"
  if (cd "$packages" && apt-get download python3-faiss libopenblas0-pthread libgfortran5) >/dev/null 2>&1; then
    for package in "$packages"/*.deb; do dpkg -x "$package" "$folder/debian"; done
  else
    left_out "Debian's FAISS: apt cannot get it"
  fi
  rm -rf "$packages"
}

[[ -x "$folder/bin/pip" ]] || "$python" -m venv "$folder"
"${pip[@]}" numpy==2.4.6 threadpoolctl==3.6.0
"${pip[@]}" faiss-cpu==1.15.1 || left_out faiss-cpu
"${pip[@]}" hnswlib==0.8.0 || left_out hnswlib
if install_torch; then
  "${pip[@]}" --no-deps entmax==1.3 || left_out entmax
else
  left_out torch
fi
unpack_debian
"$folder/bin/python" -B "$(dirname "$0")/peers.py" --versions
