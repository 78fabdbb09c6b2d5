# What a host has, one fact a line: `name|value`, nothing after the bar where it is missing. Sent after host.sh, with
# $st_python and $st_node set; a question that hangs is given up after 20 s.

st_fact() { printf '%s|%s\n' "$1" "$(printf '%s' "$2" | head -n 1 | tr -d '\r')"; }
st_has() { command -v "$1" 2> /dev/null; }

st_fact clock "$(date +%s)"
st_fact system "$(uname -sm)"
st_fact shell "$(basename "${SHELL:-sh}")"
st_fact folder "$(pwd)"
st_fact disk "$(df -Pk . | awk 'NR == 2 { print $4 }')"
st_fact cores "$(getconf _NPROCESSORS_ONLN 2> /dev/null)"
st_fact memory "$(awk '/^MemTotal/ { print $2 }' /proc/meminfo 2> /dev/null)"
st_fact glibc "$(getconf GNU_LIBC_VERSION 2> /dev/null)"
st_fact gpus "$(st_bounded 20 nvidia-smi --query-gpu=name,memory.total --format=csv,noheader 2> /dev/null | sort | uniq -c | tr -s ' ' | tr '\n' ';')"
st_fact driver "$(st_bounded 20 nvidia-smi --query-gpu=driver_version --format=csv,noheader 2> /dev/null)"
st_fact rsync "$(rsync --version 2> /dev/null)"
st_fact setsid "$(st_has setsid || st_has perl)"
st_fact uv "$(st_bounded 20 uv --version 2> /dev/null)"
st_fact node "$(st_bounded 20 "$st_node" --version 2> /dev/null)"
st_fact python "$(st_bounded 20 "$st_python" --version 2>&1 | grep '^Python')"
# Versions are read from the packages' records: importing torch takes many seconds.
for st_package in torch trl transformers accelerate datasets vllm; do
  st_fact "$st_package" "$(st_bounded 20 "$st_python" -c 'import importlib.metadata, sys; print(importlib.metadata.version(sys.argv[1]))' "$st_package" 2> /dev/null)"
done
st_fact slurm "$(st_bounded 20 sinfo --version 2> /dev/null)"
st_fact partitions "$(st_bounded 20 sinfo -h -o '%P %D %l' 2> /dev/null | tr '\n' ';')"
st_fact accounting "$(st_bounded 20 sacct -n -P -X -o JobIDRaw > /dev/null 2>&1 && echo yes)"
st_fact quota "$(st_bounded 20 quota -s 2> /dev/null | tail -n 1)"
st_fact network "$(st_bounded 10 "$st_python" -c 'import urllib.request; print(urllib.request.urlopen("https://huggingface.co", timeout=8).status)' 2> /dev/null)"
