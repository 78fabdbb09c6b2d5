#!/usr/bin/env bash
# Trains the bundled reward model from the bundled policy (media/model/hf), writes it to media/model, measures it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
venv="$(bash setup.sh)"
run="${SECOND_THOUGHT_CACHE:-$HOME/.cache/second-thought}/model-run-prm3"
policy=../media/model/hf
export OMP_NUM_THREADS=1
mkdir -p "$run"
if [ ! -e "$run/rollouts.jsonl" ]; then
  "$venv/bin/python" rollouts.py "$policy" "$run/rollouts.tmp"
  mv "$run/rollouts.tmp" "$run/rollouts.jsonl"
fi
# Half of the rates of the first training: at the full rates the verdicts stayed at chance.
"$venv/bin/torchrun" --nproc-per-node 2 train.py --resume --out "$run" --traces prm --seed 3 --rate 0.5 --batch 2000 \
  --steps "${PRM_STEPS:-1000}" --save-every 100 --weights "$policy" --rollouts "$run/rollouts.jsonl"
reward="$(find "$run" -name 'step-*.pt' | sort | tail -n 1)"
"$venv/bin/python" prm_evaluate.py "$reward" "$policy"
"$venv/bin/python" export.py "$reward" ../media/model --name s1-tiny-prm --gguf-only
"$venv/bin/python" check_export.py "$reward" ../media/model --name s1-tiny-prm --gguf-only
