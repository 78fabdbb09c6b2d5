#!/bin/sh
# select.sh SIZE: the training sets, from what distil found out; no model is asked again. Each set in a folder of its own.
set -e
size=$1
rm -rf work
cp -R "$ST_IN/distil" work
ln -sfn "$ST_IN/collect" collect

# make NAME: the set that the rest of the input describes, a curation without its last two lines in front.
make() {
  { sed '/^select:/,$d' "$ST_IN/distil.curation.yaml"; cat; } > "$1.curation.yaml"
  second-thought curate run "$1.curation.yaml" --out work
  rm -rf "$1"
  cp -R work/set "$1"
  cp work/funnel.json work/decisions.jsonl "$1"
}

make random << END
select: { strategy: 1k-random, size: $size }
output: { system: null }
END
make diverse << END
select: { strategy: 1k-diverse, size: $size }
output: { system: null }
END
make longest << END
select: { strategy: 1k-longest, size: $size }
output: { system: null }
END
make full << END
select: { strategy: 59k-full }
output: { system: null }
END
# The questions of "random" once more, with traces as long as the model makes them by itself; and with their first pass alone.
make control << END
select: { strategy: 1k-random, size: $size }
output: { system: null, trace: natural }
END
"${PYTHON:-python3}" "$ST_IN/first_pass.py" control/train.jsonl one-pass.jsonl
# Algorithm 1. What olympiad is here, GPQA and AIME are in the paper. Last, so that work/ shows it as it is.
make s1k << END
select: { strategy: s1-paper, size: $size, seeds: [{ name: olympiad, sources: [olympiad], solvedBy: teacherCorrect }] }
output: { system: null, stepSeparator: "\n", formats: [plain, tcc, scc-true] }
END
rm -rf work
