#!/bin/sh
# Every run of the steps before as numbers and as one page, then report.md: what came out, beside what the paper has.
set -e
mkdir -p numbers pages
for run in "$ST_IN"/*/*/*/run.json; do
  run=${run%/run.json}
  name=$(basename "$(dirname "$(dirname "$run")")")--$(basename "$(dirname "$run")")
  second-thought score "$run" --json > "numbers/$name.json"
  second-thought export "$run" --out "pages/$name.html" --traces "${TRACES:-400}" > /dev/null
done
# The Node that runs second-thought here.
eval "$(grep '^node=' "$ST_JOB/bin/second-thought")"
ELECTRON_RUN_AS_NODE=1 exec "$node" "$ST_IN/report/report.mjs"
