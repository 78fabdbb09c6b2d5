#!/usr/bin/env bash
# Puts TRL with a CPU-capable torch into a virtual environment in the cache folder. Idempotent. Prints the path of its Python.
# ≈ 2 minutes and 1.5 GB when cold. With --if-installed: ends with status 4 instead of installing.
set -euo pipefail

torch_version=2.13.0
trl_version=1.16.0
cache="${SECOND_THOUGHT_CACHE:-$HOME/.cache/second-thought}"
venv="$cache/training-$trl_version"
stamp="$venv/.complete"

if [ ! -f "$stamp" ]; then
  [ "${1:-}" != --if-installed ] || exit 4
  python="$(command -v python3.11 || command -v python3)"
  rm -rf "$venv"
  "$python" -m venv "$venv"
  pip=("$venv/bin/pip" --quiet --disable-pip-version-check)
  # torch first and pinned: a range that admits another one brings gigabytes of CUDA.
  "${pip[@]}" install "torch==$torch_version"
  echo "torch==$torch_version" > "$venv/constraints.txt"
  "${pip[@]}" install -c "$venv/constraints.txt" "trl==$trl_version" 'transformers==5.23.*' 'accelerate==1.15.*' 'datasets==5.2.*'
  touch "$stamp"
fi
echo "$venv/bin/python"
