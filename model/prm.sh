#!/usr/bin/env bash
# Trains the reward model from the policy of train.sh, and measures it. An experiment: nothing is written to media/model.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
venv="$(bash setup.sh)"
run="${SECOND_THOUGHT_CACHE:-$HOME/.cache/second-thought}/model-run"
export OMP_NUM_THREADS=1
policy="$("$venv/bin/python" choose.py "$run-graded")"
"$venv/bin/torchrun" --nproc-per-node 2 train.py --resume --out "$run-prm" --traces prm --seed 3 \
  --steps "${PRM_STEPS:-4000}" --weights "$policy"
reward="$(find "$run-prm" -name 'step-*.pt' | sort | tail -n 1)"
"$venv/bin/python" prm_evaluate.py "$reward" "$policy"
"$venv/bin/python" export.py "$reward" "$run-prm/export" --name s1-tiny-prm --gguf-only
"$venv/bin/python" check_export.py "$reward" "$run-prm/export" --name s1-tiny-prm --gguf-only
