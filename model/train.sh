#!/usr/bin/env bash
# Trains the bundled models from nothing and writes them to media/model: environment, problems, three trainings, export.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
venv="$(bash setup.sh)"
run="${SECOND_THOUGHT_CACHE:-$HOME/.cache/second-thought}/model-run"
export OMP_NUM_THREADS=1 # one thread per process: more would be slower, and the sums would depend on their number

train() { "$venv/bin/torchrun" --nproc-per-node 2 train.py --resume "$@"; }

"$venv/bin/python" check_data.py
"$venv/bin/python" make_problems.py
# Letters and sums first, then the graded families and the sizes that can be asked for, then the reward model.
train --out "$run" --traces first --seed 1 --steps 7000
train --out "$run-graded" --traces graded --seed 2 --steps "${GRADED_STEPS:-2000}" --weights "$run/step-07000.pt"
chosen="$("$venv/bin/python" choose.py "$run-graded")"
train --out "$run-prm" --traces prm --seed 3 --steps "${PRM_STEPS:-400}" --weights "$chosen"
reward="$(find "$run-prm" -name 'step-*.pt' | sort | tail -n 1)"

"$venv/bin/python" export.py "$chosen" ../media/model
"$venv/bin/python" check_export.py "$chosen" ../media/model
"$venv/bin/python" export.py "$reward" ../media/model/prm --name s1-tiny-prm --gguf-only
"$venv/bin/python" check_export.py "$reward" ../media/model/prm --name s1-tiny-prm --gguf-only
"$venv/bin/python" prm_evaluate.py "$reward" "$chosen"
