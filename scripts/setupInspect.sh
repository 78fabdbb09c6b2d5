#!/usr/bin/env bash
# Puts Inspect AI into a virtual environment in the cache folder. Idempotent. Prints the path of its Python. Needs Python 3.10
# or later; 325 MB. With --if-installed: ends with status 4 instead of installing.
set -euo pipefail

inspect_version=0.3.285
cache="${SECOND_THOUGHT_CACHE:-$HOME/.cache/second-thought}"
venv="$cache/inspect-$inspect_version"
stamp="$venv/.complete"

if [ ! -f "$stamp" ]; then
  [ "${1:-}" != --if-installed ] || exit 4
  python="$(command -v python3.11 || command -v python3)"
  rm -rf "$venv"
  "$python" -m venv "$venv"
  "$venv/bin/pip" --quiet --disable-pip-version-check install "inspect-ai==$inspect_version" 1>&2
  touch "$stamp"
fi
echo "$venv/bin/python"
