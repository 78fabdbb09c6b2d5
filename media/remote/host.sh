# What Second Thought asks of a host, as functions of POSIX sh. This text is sent before each call and read from standard
# input; nothing is installed. Each call begins in the home folder. Arguments are quoted by src/core/jobs/shellQuote.ts.

st_fail() { printf '%s\n' "$1" >&2; return 9; }

# st_work FOLDER: makes the work folder and goes there.
st_work() {
  umask 077
  { cd && mkdir -p -- "$1" && cd -- "$1" && mkdir -p jobs data; } || st_fail "Could not use the work folder $1."
}

# st_put FILE TEXT: writes a file whole.
st_put() { printf '%s' "$2" > "$1.$$" && mv -f -- "$1.$$" "$1"; }

# st_read FILE: its first line, in $line. Without a process of its own: there may be hundreds of jobs.
st_read() { line=; [ ! -f "$1" ] || IFS= read -r line < "$1" 2>/dev/null || :; }

st_line() { st_read "$1"; printf '%s' "$line"; }

st_birth() { LC_ALL=C ps -o lstart= -p "$1" 2>/dev/null | tr -s ' ' | tr ' ' '_'; }

# st_lives PID BIRTH: whether that very process runs.
st_lives() { [ -n "$1" ] && kill -0 "$1" 2>/dev/null && { [ -z "$2" ] || [ "$(st_birth "$1")" = "$2" ]; }; }

# st_bounded SECONDS COMMAND…: a daemon that does not answer must not hold the connection.
st_bounded() {
  if command -v timeout > /dev/null; then timeout "$@"; else shift; "$@"; fi
}

# st_submit ID process | st_submit ID slurm SBATCH-ARGUMENTS…: starts a job at most once, whoever asks and how often.
# Prints `accepted N`, `refused` and the reason, or `busy` while another attempt is under way.
st_submit() {
  job=$(pwd)/jobs/$1 scheduler=$2 tag=$1
  shift 2
  [ -f "$job/job.json" ] || { echo refused; echo 'The folder of the job is not complete.'; return; }
  if [ -s "$job/status/id" ]; then echo "accepted $(st_line "$job/status/id")"; return; fi
  mkdir "$job/status/submit" 2>/dev/null || { echo busy; return; }
  trap '' HUP # a lost connection must not end the attempt half-way
  printf '%s\n%s\n%s\n%s\n' "$(hostname)" "$$" "$(st_birth $$)" "$(date +%s)" > "$job/status/submit/by"
  if [ "$scheduler" = process ]; then
    if command -v setsid > /dev/null; then
      setsid sh "$job/run.sh" "$job" < /dev/null > /dev/null 2>&1 &
    else
      perl -e 'use POSIX; POSIX::setsid(); exec @ARGV' sh "$job/run.sh" "$job" < /dev/null > /dev/null 2>&1 &
    fi
    id=$!
  else
    id=$(st_bounded 60 sbatch --parsable --job-name="$tag" "$@" -- "$job/run.sh" "$job" 2> "$job/status/submit/said")
    code=$?
    id=${id%%;*}
    case $code:$id in
      0:*[!0-9]* | 0:) echo unsure; return ;;
      0:*) ;;
      *) if grep -qiE 'timed out|unable to contact|zero bytes|communication|connection' "$job/status/submit/said" || [ $code = 124 ]; then
          echo unsure
        else
          echo refused; cat "$job/status/submit/said"
          rm -rf "$job/status/submit"
        fi
        return ;;
    esac
  fi
  st_put "$job/status/id" "$id"
  echo "accepted $id"
}

# st_look_up ID SCHEDULER: what became of an attempt. Prints `accepted N`, `busy`, `absent` (there is no such job, and the way is
# free for another attempt) or `unknown` (the queue could not be asked).
st_look_up() {
  job=$(pwd)/jobs/$1
  [ -d "$job" ] || { echo absent; return; }
  if [ -s "$job/status/id" ]; then echo "accepted $(st_line "$job/status/id")"; return; fi
  # The attempt first, the queue second: an attempt that is over has brought its job into the queue by now.
  if [ -d "$job/status/submit" ]; then
    where= pid= born= at=
    [ -f "$job/status/submit/by" ] && { read -r where; read -r pid; read -r born; read -r at; } < "$job/status/submit/by"
    if [ "$where" = "$(hostname)" ]; then
      if st_lives "$pid" "$born"; then echo busy; return; fi
    elif [ $(($(date +%s) - ${at:-0})) -lt 120 ]; then
      echo busy; return
    fi
  fi
  if [ "$2" = process ]; then
    found=$(st_line "$job/status/pid")
    found=${found%% *}
  else
    found=$(st_line "$job/status/slurm-job")
    if [ -z "$found" ]; then
      found=$(st_bounded 20 squeue -h -a -t all -n "$1" -o %A 2>/dev/null) || { echo unknown; return; }
      found=$(printf '%s\n' "$found" | sort -n | head -n 1)
    fi
    if [ -z "$found" ]; then found=$(st_bounded 20 sacct -n -P -X --name "$1" -o JobIDRaw 2>/dev/null | head -n 1); fi
    case $found in *[!0-9]*) echo unknown; return ;; esac
  fi
  if [ -n "$found" ]; then
    st_put "$job/status/id" "$found"
    echo "accepted $found"
  else
    rm -rf "$job/status/submit"
    echo absent
  fi
}

st_newline='
'

# st_said FOLDER: what a job last said of how far it is: the last line of its metrics, or the status of its run.
st_said() {
  file=
  for run in "$1"/*/status.json; do [ -f "$run" ] && file=$run; done
  if [ -f "$1/metrics.jsonl" ]; then
    said=$(tail -c 1000 "$1/metrics.jsonl")
    said=${said##*"$st_newline"}
    case $said in *'|'*) said= ;; esac
    printf '%s' "$said"
  elif [ -n "$file" ]; then
    head -c 1000 "$file" | tr '|\n' '  '
  fi
}

# st_states SCHEDULER IDS…: for Slurm what its queue says of all of them, one question for all; then a line of fields per job. The
# folder comes second: a job that the queue says has ended has written its exit status by then.
# Fields: id | number | started | heartbeat | exit | ended | waiting | cancel | stop | requeued | alive | restarts | task | said.
st_states() {
  scheduler=$1
  shift
  echo "now|$(date +%s)"
  numbers=; known=
  for id in "$@"; do
    st_read "jobs/$id/status/id"
    number=$line
    numbers=$numbers${number:+${numbers:+,}$number}
    known="$known $id=$number"
  done
  if [ "$scheduler" = slurm ] && [ -n "$numbers" ]; then st_queue "$numbers"; fi
  for pair in $known; do
    id=${pair%%=*} number=${pair#*=}
    status=jobs/$id/status
    [ -d "$status" ] || { echo "gone|$id"; continue; }
    if [ "$scheduler" = process ]; then st_read "$status/id"; number=$line; fi
    fields="$id|$number"
    for fact in started heartbeat exit ended waiting cancel stop requeued; do
      case $fact in
        cancel | stop) if [ -e "$status/$fact" ]; then value=yes; else value=; fi ;;
        *)
          st_read "$status/$fact"
          value=$line
          case $value in *'|'*) value=$(printf '%s' "$value" | tr '|' ' ') ;; esac ;;
      esac
      fields="$fields|$value"
    done
    st_read "$status/pid"
    owner=$line
    if [ "$scheduler" = process ] && st_lives "${owner%% *}" "${owner#* }"; then alive=yes; else alive=; fi
    # Tasks of an array under Slurm: how many have ended, how many of them well.
    tasks=; ended=0; good=0
    for task in "$status"/task-*; do
      [ -d "$task" ] || continue
      tasks=yes
      [ -f "$task/exit" ] && { ended=$((ended + 1)); [ "$(st_line "$task/exit")" = 0 ] && good=$((good + 1)); }
    done
    st_read "$status/restarts"
    printf '%s\n' "job|$fields|$alive|$line|${tasks:+$ended/$good}|$(st_said "jobs/$id/out")"
  done
}

# st_queue NUMBERS: what the queue and, where there is one, the history say of them.
st_queue() {
  # Slurm refuses the whole question if one number is too old for it: then all of the user's are asked for.
  format='%A|%T|%r|%M|%l|%N|%K'
  if out=$(st_bounded 20 squeue -h -a -r -t all -j "$1" -o "$format" 2>&1) ||
    out=$(st_bounded 20 squeue -h -a -r -t all -u "$(id -un)" -o "$format" 2>&1); then
    printf '%s\n' "$out" | sed -n 's/^/queue|/p'
    echo 'queue-ok|'
  else
    printf 'queue-failed|%s\n' "$(printf '%s' "$out" | head -n 1)"
  fi
  if st_bounded 20 sacct -n -P -X -j "$1" -o JobIDRaw,State,ExitCode 2>/dev/null > "$$.sacct"; then
    sed 's/^/history|/' "$$.sacct"
  fi
  rm -f "$$.sacct"
}

# st_cancel ID SCHEDULER: asks the job to end and, if it does not within 5 s, makes its whole group end.
st_cancel() {
  status=jobs/$1/status
  [ -d "$status" ] || st_fail "There is no job $1 on this host." || return
  [ -f "$status/exit" ] && { echo ended; return; }
  : > "$status/cancel"
  number=$(st_line "$status/id")
  [ -n "$number" ] || { echo cancelled; return; }
  if [ "$2" = slurm ]; then
    st_bounded 30 scancel "$number" && echo cancelled
    return
  fi
  owner=$(st_line "$status/pid")
  st_lives "${owner%% *}" "${owner#* }" || { echo ended; return; }
  kill -TERM "-$number" 2>/dev/null
  tries=0
  while [ $tries -lt 50 ]; do
    kill -0 "-$number" 2>/dev/null || break
    tries=$((tries + 1))
    sleep 0.1 2>/dev/null || sleep 1
  done
  if kill -0 "-$number" 2>/dev/null; then kill -KILL "-$number"; fi
  if [ ! -f "$status/exit" ]; then st_put "$status/ended" "$(date +%s)"; st_put "$status/exit" 137; fi
  echo cancelled
}

# st_follow ID FILE OFFSET SECONDS: what a file of a job has from a byte on, as it grows, until the job ends or the time is over: a reader
# that went away leaves nothing that keeps asking.
st_follow() {
  job=jobs/$1 log=jobs/$1/$2 offset=$3 until=$(($(date +%s) + $4))
  while :; do
    over=; [ -f "$job/status/exit" ] && over=yes
    size=0; [ -f "$log" ] && size=$(($(wc -c < "$log")))
    if [ "$size" -gt "$offset" ]; then
      tail -c "+$((offset + 1))" "$log" | head -c $((size - offset)) || return
      offset=$size
    fi
    [ -z "$over" ] && [ "$(date +%s)" -lt "$until" ] || return 0
    sleep 1
  done
}

# st_about ID: what a job made, a file a line: size in bytes, then its name. Then what the GPUs of this machine do.
st_about() {
  cd "jobs/$1" || return
  find out logs -type f 2>/dev/null | head -n 500 | while IFS= read -r file; do
    printf 'file|%s|%s\n' "$(($(wc -c < "$file")))" "$file"
  done
  st_bounded 10 nvidia-smi --query-gpu=index,utilization.gpu,memory.used,memory.total --format=csv,noheader,nounits 2>/dev/null |
    sed -n 's/^/gpu|/p'
  return 0
}

# st_list: the record of every job of the work folder, one a line after its id.
st_list() {
  for folder in jobs/*/; do
    id=${folder#jobs/}; id=${id%/}
    [ -f "$folder/job.json" ] && printf 'job|%s|%s\n' "$id" "$(tr -d '\n' < "$folder/job.json")"
  done
  return 0
}

# st_is_lost STATUS-FOLDER: its process ran on this machine, and is gone without a word. Under Slurm it may be on another one.
st_is_lost() {
  st_read "$1/pid"
  [ ! -f "$1/slurm-job" ] && [ -n "$line" ] && ! st_lives "${line%% *}" "${line#* }"
}

# st_reset ID: makes a job that has ended ready to be submitted again; its log, its output and its checkpoints stay.
st_reset() {
  status=jobs/$1/status
  [ -f "$status/exit" ] || [ -f "$status/cancel" ] || st_is_lost "$status" || st_fail "The job $1 has not ended." || return
  mkdir -p "jobs/$1/earlier" && mv -- "$status" "jobs/$1/earlier/$(date +%s).$$" && mkdir "$status"
}
