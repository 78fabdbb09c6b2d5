#!/bin/sh
# sh run.sh JOB-FOLDER — runs `script` of a job and writes down in status/ how it goes: one small file per fact, each replaced
# whole, so that anyone can follow with ls and cat. The same wrapper runs detached on a machine and inside of a Slurm job.
#
#   pid        number and birth of this process          heartbeat  seconds since 1970, every 5 s
#   started    seconds since 1970, once it runs          exit       exit status; 128 + n: ended by signal n
#   waiting    why it does not run yet                   ended      seconds since 1970
#   stop       asks the job to save a checkpoint and end: made before the time limit, and by nobody else
#   continue   made by the job: it saved a checkpoint and wants to go on
#
# The script sees ST_JOB, ST_IN, ST_OUT, ST_STATUS, ST_TASK (0 …) and ST_TASKS.

ST_JOB=$(cd "$1" && pwd) || exit 1
ST_IN=$ST_JOB/in ST_OUT=$ST_JOB/out ST_STATUS=$ST_JOB/status
ST_TASKS=$(cat "$ST_JOB/tasks" 2>/dev/null || echo 1)
ST_TASK=${SLURM_ARRAY_TASK_ID:-0}
if [ -n "${SLURM_ARRAY_TASK_ID:-}" ]; then ST_STATUS=$ST_JOB/status/task-$ST_TASK; fi
mkdir -p "$ST_STATUS" "$ST_OUT" "$ST_JOB/logs"
export ST_JOB ST_IN ST_OUT ST_STATUS ST_TASK ST_TASKS
child=

put() { printf '%s\n' "$2" > "$ST_STATUS/.$1.$$" && mv "$ST_STATUS/.$1.$$" "$ST_STATUS/$1"; }
now() { date +%s; }
birth() { LC_ALL=C ps -o lstart= -p "$1" 2>/dev/null | tr -s ' ' | tr ' ' '_'; }
finish() { put ended "$(now)"; put exit "$1"; }

trap '' HUP # a logout is no reason to end
trap ': > "$ST_STATUS/stop"' USR1
# The signal goes on to the script; what it records is what the script makes of it.
trap '[ -n "$child" ] && kill -TERM "$child" 2>/dev/null; [ -n "$child" ] || { finish 143; exit 143; }' TERM INT

# What an earlier run of the same job left as it was ended: Slurm begins jobs again after a node failed.
rm -f "$ST_STATUS/exit" "$ST_STATUS/ended" "$ST_STATUS/started"
put pid "$$ $(birth $$)"
[ -z "${SLURM_JOB_ID:-}" ] || put slurm-job "${SLURM_ARRAY_JOB_ID:-$SLURM_JOB_ID}"
put restarts "${SLURM_RESTART_COUNT:-0}"

# Jobs that have to end well first: their folders, one a line. Slurm does this itself.
if [ -z "${SLURM_JOB_ID:-}" ] && [ -s "$ST_JOB/after" ]; then
  while IFS= read -r earlier; do
    while [ ! -f "$earlier/status/exit" ]; do
      put waiting "for ${earlier##*/}"
      sleep 1 & wait $!
    done
    if [ "$(cat "$earlier/status/exit")" != 0 ] || [ -f "$earlier/status/cancel" ]; then
      finish dependency
      exit 1
    fi
  done < "$ST_JOB/after"
fi

# One job at a time per GPU: a queue of numbered tickets, each with pid, birth and GPUs. A number is taken by hard link, which
# fails where it is taken; the highest ticket is never removed, so that numbers only grow.
overlaps() { for one in $1; do case " $2 " in *" $one "*) return 0 ;; esac; done; return 1; }
if [ -z "${SLURM_JOB_ID:-}" ] && [ -s "$ST_JOB/gpus" ]; then
  gpus=$(cat "$ST_JOB/gpus")
  queue=$ST_JOB/../../queue
  mkdir -p "$queue"
  printf '%s\n%s\n%s\n%s\n' "$$" "$(birth $$)" "$gpus" "$ST_JOB" > "$queue/.$$"
  number=$(($(ls "$queue" | sort -n | tail -n 1) + 1))
  until ln "$queue/.$$" "$queue/$number" 2>/dev/null; do number=$((number + 1)); done
  rm -f "$queue/.$$"
  while :; do
    before=
    for other in $(ls "$queue" | sort -n); do
      [ "$other" -lt "$number" ] || break
      { read -r pid && read -r born && read -r theirs && read -r folder; } < "$queue/$other" 2>/dev/null || continue
      if [ -f "$folder/status/exit" ] || ! kill -0 "$pid" 2>/dev/null || [ "$(birth "$pid")" != "$born" ]; then
        rm -f "$queue/$other"
      elif overlaps "$gpus" "$theirs"; then
        before=${folder##*/}
      fi
    done
    [ -n "$before" ] || break
    put waiting "for the GPUs of $before"
    sleep 1 & wait $!
  done
  CUDA_VISIBLE_DEVICES=$(echo $gpus | tr ' ' ',')
  export CUDA_VISIBLE_DEVICES
fi

rm -f "$ST_STATUS/waiting"
put started "$(now)"
(
  trap 'kill $! 2>/dev/null; exit 0' TERM
  # Looks for itself whether it is still wanted: a signal that comes while it begins is lost.
  while kill -0 $$ 2>/dev/null && [ ! -f "$ST_STATUS/exit" ] && put heartbeat "$(now)"; do
    sleep 5 & wait $!
  done
) < /dev/null > /dev/null 2>&1 &
pulse=$!

# Keys and settings, in a file that only its owner can read.
[ ! -f "$ST_JOB/env" ] || . "$ST_JOB/env"

# Waits through the signals that only interrupt the waiting.
run_task() {
  log=$ST_JOB/logs/output.log
  [ "$ST_TASKS" = 1 ] || log=$ST_JOB/logs/task-$ST_TASK.log
  cd "$ST_OUT" || return 1
  sh "$ST_JOB/script" < /dev/null >> "$log" 2>&1 &
  child=$!
  while :; do
    wait "$child"
    code=$?
    kill -0 "$child" 2>/dev/null || return "$code"
  done
}

if [ -n "${SLURM_JOB_ID:-}" ] || [ "$ST_TASKS" = 1 ]; then
  run_task
  code=$?
else # an array without Slurm: one after the other
  code=0
  ST_TASK=0
  while [ "$ST_TASK" -lt "$ST_TASKS" ]; do
    put task "$ST_TASK"
    run_task || { code=$?; break; }
    ST_TASK=$((ST_TASK + 1))
  done
fi
kill "$pulse" 2>/dev/null

if [ -f "$ST_STATUS/stop" ] && [ -f "$ST_STATUS/continue" ] && [ -n "${SLURM_JOB_ID:-}" ]; then
  rm -f "$ST_STATUS/stop" "$ST_STATUS/continue" "$ST_STATUS/started"
  put requeued "$(now)"
  # Slurm ends this process; whatever signal it takes for that, this run leaves no exit status: the next one does.
  scontrol requeue "${SLURM_JOB_ID}" && { sleep 60 & wait $!; exit 0; }
fi
finish "$code"
exit "$code"
