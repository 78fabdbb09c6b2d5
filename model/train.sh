#!/usr/bin/env bash
# Trains the bundled model from nothing and writes it to media/model: environment, problems, training, choice, export.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
venv="$(bash setup.sh)"
run="${SECOND_THOUGHT_CACHE:-$HOME/.cache/second-thought}/model-run"
export OMP_NUM_THREADS=1 # one thread per process: more would be slower, and the sums would depend on their number

"$venv/bin/python" make_problems.py
"$venv/bin/torchrun" --nproc-per-node 2 train.py --out "$run" --resume "$@"
chosen="$("$venv/bin/python" choose.py "$run")"
"$venv/bin/python" export.py "$chosen" ../media/model
"$venv/bin/python" check_export.py "$chosen" ../media/model
