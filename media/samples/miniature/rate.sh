#!/bin/sh
# rate.sh RATE…: rate.txt, the learning rate whose student answers most dev problems (of equals the first), and that student.
set -e
best=-1
for rate in "$@"; do
  sh "$ST_IN/evaluate.sh" dev.study.yaml "rate-$rate"
  right=$(grep -h '"outcome":"correct"' "rate-$rate"-seed-*/*/grades.jsonl | wc -l)
  echo "$rate: $right right" | tee -a rates.txt
  [ "$right" -gt "$best" ] || continue
  best=$right
  echo "$rate" > rate.txt
done
cp -R "$ST_IN/rate-$(cat rate.txt)"/seed-* .
