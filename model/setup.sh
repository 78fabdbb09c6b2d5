#!/usr/bin/env bash
# Makes the Python environment for training, outside the checkout, and prints its path.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
venv="${SECOND_THOUGHT_CACHE:-$HOME/.cache/second-thought}/model-venv"
if ! cmp -s "$here/requirements.txt" "$venv/.requirements.txt"; then
  "${PYTHON:-python3}" -m venv "$venv"
  "$venv/bin/pip" install --quiet --requirement "$here/requirements.txt" >&2
  cp "$here/requirements.txt" "$venv/.requirements.txt"
fi
echo "$venv"
