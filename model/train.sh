#!/usr/bin/env bash
# Trains the bundled model from nothing and writes it to media/model: environment, problems, two trainings, export.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
venv="$(bash setup.sh)"
run="${SECOND_THOUGHT_CACHE:-$HOME/.cache/second-thought}/model-run"
export OMP_NUM_THREADS=1 # one thread per process: more would be slower, and the sums would depend on their number

train() { "$venv/bin/torchrun" --nproc-per-node 2 train.py --resume "$@"; }

"$venv/bin/python" check_data.py
"$venv/bin/python" make_problems.py
# Letters and sums first, then the graded families and the sizes that can be asked for.
train --out "$run" --traces first --seed 1 --steps 7000
train --out "$run-graded" --traces graded --seed 2 --steps "${GRADED_STEPS:-2000}" --weights "$run/step-07000.pt"
chosen="$("$venv/bin/python" choose.py "$run-graded")"

"$venv/bin/python" export.py "$chosen" ../media/model
"$venv/bin/python" check_export.py "$chosen" ../media/model
