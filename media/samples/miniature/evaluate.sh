#!/bin/sh
# evaluate.sh STUDY MODEL…: a study of each model, which is a step that trained one (of each of its seeds), or `bundled`.
# A run that was begun goes on. From the environment: STUDY_WORDS, more words for the study; SEED, only the model of that seed.
set -e
study=$ST_IN/$1
shift

# evaluate NAME SERVER: the run in the folder NAME.
evaluate() {
  for run in "$1"/*/run.json; do
    [ -f "$run" ] || continue
    rm -f "${run%/run.json}/lock"
    eval 'second-thought run --resume "${run%/run.json}" --server "$2" --json --no-cache --concurrency 16' "$STUDY_WORDS"
    return
  done
  eval 'second-thought run "$study" --out "$1" --server "$2" --json --no-cache --concurrency 16' "$STUDY_WORDS"
}

for step in "$@"; do
  if [ "$step" = bundled ]; then
    evaluate bundled bundled
    continue
  fi
  for model in "$ST_IN/$step"/model "$ST_IN/$step"/seed-${SEED:-*}/model; do
    [ -f "$model/tokenizer.json" ] || continue
    seed=$(basename "$(dirname "$model")")
    case $seed in seed-*) name=${step#train-}-$seed ;; *) name=${step#train-} ;; esac
    second-thought convert "$model" --out "./$name.gguf"
    evaluate "$name" "./$name.gguf"
  done
done
