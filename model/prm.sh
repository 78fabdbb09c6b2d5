#!/usr/bin/env bash
# Trains the bundled reward model from the policy of train.sh (25 minutes on two cores), writes it to media/model, measures it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
venv="$(bash setup.sh)"
run="${SECOND_THOUGHT_CACHE:-$HOME/.cache/second-thought}/model-run"
export OMP_NUM_THREADS=1
policy="$("$venv/bin/python" choose.py "$run-graded")"
# A quarter of the rates of the first training: at the full rates the verdicts stayed at chance.
"$venv/bin/torchrun" --nproc-per-node 2 train.py --resume --out "$run-prm2" --traces prm --seed 3 --rate 0.25 \
  --steps "${PRM_STEPS:-1800}" --stop-at "${PRM_STOP_AT:-1650}" --save-every 150 --weights "$policy"
reward="$(find "$run-prm2" -name 'step-*.pt' | sort | tail -n 1)"
"$venv/bin/python" prm_evaluate.py "$reward" "$policy"
"$venv/bin/python" export.py "$reward" ../media/model --name s1-tiny-prm --gguf-only
"$venv/bin/python" check_export.py "$reward" ../media/model --name s1-tiny-prm --gguf-only
